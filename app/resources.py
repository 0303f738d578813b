"""Where the files that ship with the code are; it must not know what is in them."""

from pathlib import Path
from typing import Literal

ResourceFolder = Literal["samples", "static", "templates", "weights"]

_PACKAGE = Path(__file__).resolve().parent


def resource_path(folder: ResourceFolder, *parts: str, package: Path = _PACKAGE) -> Path:
    """Path of a shipped folder, or of a file below it: `resource_path("static", "data", "luts.json")`.

    In the installed wheel every folder lies inside the package; in a checkout `static` and `templates`
    lie beside `app`. Raises `FileNotFoundError` where neither holds it, which means a broken installation.
    """
    for root in (package, package.parent):
        path = root.joinpath(folder, *parts)
        if path.exists():
            return path
    name = "/".join((folder, *parts))
    raise FileNotFoundError(f"{name} is not part of this installation of convscope")
