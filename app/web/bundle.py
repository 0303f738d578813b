"""ES modules as one classic script, for a file that is opened from disk, where browsers load no modules.

It understands the way the shipped modules are written: imports of names from a file beside, exports of declarations.
"""

import re
from functools import cache

from ..resources import resource_path

IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+)\.js";\n', re.M)
EXPORT = re.compile(r"^export ((?:async )?function|const|class) (\w+)", re.M)
OTHER = re.compile(r"^(?:import|export)\b.*", re.M)


@cache
def bundle(entry: str) -> str:
    """The module `static/js/ENTRY.js` and all that it imports, each in a scope of its own, in the order of need.

    Raises `ValueError` for a module that is written in another way.
    """
    parts: dict[str, str] = {}
    _add(entry, parts)
    return '"use strict";\n' + "\n".join(parts.values())


def _add(name: str, parts: dict[str, str]) -> None:
    if name in parts:
        return
    text = resource_path("static", "js", f"{name}.js").read_text(encoding="utf-8")
    for _, needed in IMPORT.findall(text):
        _add(needed, parts)
    exported = [declared for _, declared in EXPORT.findall(text)]
    body = EXPORT.sub(r"\1 \2", IMPORT.sub(_destructured, text))
    body = body.replace("import.meta.url", "document.baseURI")  # a classic script may not say the former
    if (other := OTHER.search(body)) or "</script" in body.lower():
        raise ValueError(f"{name}.js cannot be put into one script: {other[0] if other else '</script>'}")
    parts[name] = f"const {_scope(name)} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();"


def _destructured(found: re.Match[str]) -> str:
    names = ", ".join(part.strip().replace(" as ", ": ") for part in found[1].split(",") if part.strip())
    return f"const {{ {names} }} = {_scope(found[2])};\n"


def _scope(name: str) -> str:
    return "module_" + name.replace("-", "_")
