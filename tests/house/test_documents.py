"""What the documents say is so: links lead somewhere, versions agree, every shell example runs against the wheel."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__

from . import wheel

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# A shell example, and what the line after it says it prints.
BLOCK = re.compile(r"^```bash\n(?P<script>.*?)^```$(?:\n\nprints (?P<printed>\S+)\.$)?", re.M | re.S)
PHOTO = ROOT / "app" / "samples" / "rocket.jpg"
END_OF_BLOCK = "---- end of block"
EXAMPLES = [ROOT / "README.md", ROOT / "docs" / "api.md", ROOT / "docs" / "cli.md"]
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)


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


@pytest.fixture
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command `convscope`, which an installation would make."""
    folder = tmp_path_factory.mktemp("commands")
    command = folder / "convscope"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m convscope "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


@pytest.mark.parametrize("document", EXAMPLES, ids=name_of)
def test_the_examples_of_a_document_run_in_order(
    document: Path, address: str, installed: Path, commands: Path, tmp_path: Path
) -> None:
    blocks = list(BLOCK.finditer(document.read_text(encoding="utf-8")))
    assert blocks
    shutil.copyfile(PHOTO, tmp_path / "photo.jpg")
    script = "".join(f"{block['script']}echo '{END_OF_BLOCK}'\n" for block in blocks)
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8000", address)],
        cwd=tmp_path,
        env=wheel.environment(installed, CONVSCOPE=address, PATH=f"{commands}{os.pathsep}{os.environ['PATH']}"),
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


def test_the_examples_of_the_client_run_in_order(address: str, installed: Path, tmp_path: Path) -> None:
    blocks = PYTHON.findall((ROOT / "docs" / "client.md").read_text(encoding="utf-8"))
    assert len(blocks) > 3
    shutil.copyfile(PHOTO, tmp_path / "photo.jpg")
    script = "\n".join(blocks).replace("http://127.0.0.1:8000", address)
    ended = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", script],
        cwd=tmp_path,
        env=wheel.environment(installed),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "(512, 14, 14) float32" in ended.stdout


def test_the_client_says_what_it_needs(installed: Path) -> None:
    without = "import sys; sys.modules['httpx'] = None; import convscope.client"
    ended = subprocess.run(
        [sys.executable, "-P", "-c", without],
        env=wheel.environment(installed),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "pip install 'convscope[client]'" in ended.stderr


def test_the_client_needs_neither_torch_nor_the_server(installed: Path) -> None:
    names = ("torch", "fastapi", "pydantic", "PIL")
    alone = f"import sys; import convscope.client; print([name for name in {names} if name in sys.modules])"
    ended = subprocess.run(
        [sys.executable, "-P", "-c", alone],
        env=wheel.environment(installed),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout == "[]\n"
