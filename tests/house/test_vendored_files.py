"""The works of others in static/vendor are the published bytes, and each stands with its licence."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
PACKAGES: list[dict[str, Any]] = json.loads((VENDOR / "manifest.json").read_text())["packages"]
LISTED = {name: digest for package in PACKAGES for name, digest in package["files"].items()}


def test_every_vendored_file_is_listed_and_every_listed_file_is_there() -> None:
    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert present == {*LISTED, "manifest.json"}


@pytest.mark.parametrize("name", LISTED)
def test_a_vendored_file_has_the_checksum_of_the_manifest(name: str) -> None:
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == LISTED[name]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package["name"])
def test_a_vendored_package_carries_its_licence_and_is_named_in_the_notice(package: dict[str, Any]) -> None:
    folder = f"{package['name']}-{package['version']}"
    names = [name.removeprefix(f"{folder}/") for name in package["files"]]
    assert any(name.startswith("LICENSE") for name in names)
    assert all("/" not in name for name in names), "each file lies in the folder of its package and version"
    assert folder in (ROOT / "NOTICE").read_text(encoding="utf-8")
