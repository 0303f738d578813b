"""What the documents say is so: links lead somewhere, versions agree, every shell example runs against the wheel."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app import __version__

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# A shell example, and what the line after it says it prints.
BLOCK = re.compile(r"^```bash\n(?P<script>.*?)^```$(?:\n\nprints (?P<printed>\S+)\.$)?", re.M | re.S)
END_OF_BLOCK = "---- end of block"
EXAMPLES = [ROOT / "README.md", ROOT / "docs" / "api.md"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_are_documents() -> None:
    assert {"README.md", "CHANGELOG.md", "docs/api.md", "docs/settings.md"} <= {name_of(path) for path in DOCUMENTS}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
    files = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in files if not (document.parent / target).exists()] == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in folder.glob("[0-9]*.md"))


def test_the_image_is_labelled_with_the_version() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r'org\.opencontainers\.image\.version="([^"]+)"', dockerfile) == [__version__]


@pytest.mark.parametrize("document", EXAMPLES, ids=name_of)
def test_the_examples_of_a_document_run_in_order(document: Path, address: str, tmp_path: Path) -> None:
    blocks = list(BLOCK.finditer(document.read_text(encoding="utf-8")))
    assert blocks
    shutil.copyfile(ROOT / "app" / "samples" / "rocket.jpg", tmp_path / "photo.jpg")
    script = "".join(f"{block['script']}echo '{END_OF_BLOCK}'\n" for block in blocks)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8000", address)],
        cwd=tmp_path,
        env={**os.environ, "CONVSCOPE": address},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    outputs = ended.stdout.split(END_OF_BLOCK)
    said = [(block["printed"], output) for block, output in zip(blocks, outputs, strict=False) if block["printed"]]
    assert all(output.split() == [printed] for printed, output in said), said
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_size == 0] == []
