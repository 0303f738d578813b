"""docs/settings.md lists every setting with its default and its meaning, as Settings has them."""

import re
from pathlib import Path

import pytest

from app.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
ROWS = {
    match["variable"]: match
    for match in re.finditer(r"^\| `(?P<variable>\w+)` \| `(?P<default>[^`]*)`[^|]* \| (?P<meaning>.+) \|$", PAGE, re.M)
}


def test_the_page_lists_exactly_the_settings_that_exist() -> None:
    assert set(ROWS) == {f"CONVSCOPE_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_is_documented_with_its_default_and_meaning(name: str) -> None:
    field, row = Settings.model_fields[name], ROWS[f"CONVSCOPE_{name.upper()}"]
    default = field.default
    if isinstance(default, Path):
        default = f"~/{default.relative_to(Path.home()).as_posix()}"
    assert (row["default"], row["meaning"]) == (str(default), field.description)


@pytest.mark.parametrize("row", [row for row in ROWS.values() if "MiB)" in row[0] or "GiB)" in row[0]])
def test_a_size_in_words_is_the_size_in_bytes(row: re.Match[str]) -> None:
    (number, unit) = re.findall(r"\(([\d.]+) (MiB|GiB)\)", row[0])[0]
    assert float(number) * {"MiB": 2**20, "GiB": 2**30}[unit] == int(row["default"])
