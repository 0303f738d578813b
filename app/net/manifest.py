"""Which weights ship with the software, and how their tensors are called; it reads no tensor."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..resources import resource_path


@dataclass(frozen=True, slots=True)
class ShippedFile:
    """A safetensors file and its provenance; `tensors` maps a layer to the prefix of its `.weight` and `.bias`."""

    file: str
    sha256: str
    source: str
    licence: str
    note: str
    install: str | None
    tensors: Mapping[str, str]

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return resource_path("weights", self.file)


@cache
def shipped_files() -> Mapping[str, ShippedFile]:
    """Every shipped file by the preset that it belongs to."""
    entries = json.loads(resource_path("weights", "manifest.json").read_text(encoding="utf-8"))
    return {preset: ShippedFile(**entry) for preset, entry in entries.items()}
