"""The locks pin what pyproject.toml asks for, on any machine: no host, no path, nothing of one platform."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
RUNTIME, TEST = "requirements.lock", "requirements-test.lock"


def lines_of(lock: str) -> list[str]:
    return [line for line in (ROOT / lock).read_text().splitlines() if not line.startswith("#")]


def pins_of(lock: str) -> dict[str, list[Requirement]]:
    pins: dict[str, list[Requirement]] = {}
    for requirement in map(Requirement, lines_of(lock)):
        pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pins


def version_of(pin: Requirement) -> str:
    (clause,) = pin.specifier
    assert clause.operator == "=="
    return clause.version


@pytest.mark.parametrize(
    ("lock", "asked"),
    [(RUNTIME, PROJECT["dependencies"]), (TEST, [*PROJECT["dependencies"], *EXTRAS["test"], *EXTRAS["client"]])],
)
def test_every_dependency_is_pinned_within_its_range(lock: str, asked: list[str]) -> None:
    pins = pins_of(lock)
    for wanted in map(Requirement, asked):
        found = pins.get(canonicalize_name(wanted.name), [])
        assert found, f"{wanted} is not in {lock}: run scripts/lock"
        assert all(wanted.specifier.contains(version_of(pin)) for pin in found), f"{wanted}: run scripts/lock"


def test_the_tests_run_with_the_versions_that_users_get() -> None:
    assert set(lines_of(RUNTIME)) <= set(lines_of(TEST))


@pytest.mark.parametrize("lock", [RUNTIME, TEST])
def test_a_lock_names_only_exact_public_versions(lock: str) -> None:
    pin = re.compile(r"[a-z0-9-]+==\d[0-9a-z.]*( ; [a-z0-9_ .<>=!'()-]+)?", re.IGNORECASE)
    assert [line for line in lines_of(lock) if not pin.fullmatch(line)] == []


@pytest.mark.parametrize("lock", [RUNTIME, TEST])
def test_a_lock_leaves_the_build_of_torch_open(lock: str) -> None:
    assert "torch==2.13.0" in lines_of(lock)
    assert [name for name in pins_of(lock) if re.match(r"cuda-|nvidia-|triton$", name)] == []
