"""What holds for every source file: it opens with its purpose, stays short, and imports its own package relatively."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "app").rglob("*.py"))
SCRIPTS = [path for path in (ROOT / "scripts").iterdir() if path.read_text(encoding="utf-8").startswith("#!")]
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_opens_with_one_sentence_and_stays_short(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= LONGEST_MODULE


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_function_is_longer_than_a_screen(module: Path) -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(node, functions)]
    long = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in nodes}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_imports_inside_the_package_are_relative(module: Path) -> None:
    nodes = list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    assert {name for name in imported if name.split(".")[0] in {"app", "convscope"}} == set()


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci" / "run"], ids=name_of)
def test_a_script_can_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111 == 0o111
