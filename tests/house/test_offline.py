"""Nothing that a page loads comes from another host: shipped HTML, CSS and scripts name only files of ours."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(
    path
    for folder in ("templates", "static")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".html", ".css", ".js", ".svg"}
)

ELSEWHERE = r"(?:https?|wss?):\\?/\\?/|//[a-z0-9-]+\."
# What makes a browser fetch something, up to the address: attributes, style sheets, scripts.
LOADS = re.compile(
    rf"""
      \b(?:src|srcset|poster|data|action|formaction)\s*=\s*["']?(?:{ELSEWHERE})
    | <(?:link|use|image|feImage)\b[^>]*?\bhref\s*=\s*["']?(?:{ELSEWHERE})
    | url\(\s*["']?(?:{ELSEWHERE})
    | @import\s+["']?(?:{ELSEWHERE})
    | \b(?:import|from)\s*\(?\s*["'`](?:{ELSEWHERE})
    | \b(?:fetch|Worker|EventSource|WebSocket|importScripts|sendBeacon|URL)\(\s*["'`](?:{ELSEWHERE})
    """,
    re.VERBOSE | re.IGNORECASE,
)


def loads_from_elsewhere(text: str) -> list[str]:
    return [text[match.start() : match.end() + 60] for match in LOADS.finditer(text)]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_shipped_file_loads_nothing_from_another_host(path: Path) -> None:
    assert loads_from_elsewhere(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example.org/a.js"></script>',
        "<img src=//images.example.org/a.png>",
        '<link rel="stylesheet" href="http://example.org/a.css">',
        "@font-face { src: url(https://fonts.example.org/a.woff2) }",
        '@import "//fonts.example.org/css";',
        'import { a } from "https://example.org/a.js";',
        'const a = await import("https://example.org/a.js");',
        'fetch("https://example.org/data.json")',
        "new WebSocket('wss://example.org')",
    ],
)
def test_a_load_from_another_host_is_seen(text: str) -> None:
    assert loads_from_elsewhere(text)


@pytest.mark.parametrize(
    "text",
    [
        '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        '<a href="https://example.org/paper.pdf">the paper</a>',
        '<script src="/static/js/theme.js"></script>',
        "src: url('../vendor/inter/a.woff2')",
        "fetch(`/api/v1/runs/${id}`)  // as in https://example.org",
    ],
)
def test_names_and_links_are_no_loads(text: str) -> None:
    assert loads_from_elsewhere(text) == []
