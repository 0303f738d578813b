"""The one place where things are kept: objects under names, put atomically; knows nothing of their meaning."""

import logging
import re
from pathlib import Path
from threading import Lock

import obstore
from obstore.store import LocalStore, MemoryStore

from ..errors import StorageFull

log = logging.getLogger(__name__)

ObjectStore = LocalStore | MemoryStore
ID = re.compile(r"[0-9a-f]{32}")


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id, 32 hexadecimal digits; nothing else is looked up."""
    return ID.fullmatch(text) is not None


class Store:
    """Objects that must survive a restart. A put is complete or absent, also after `kill -9`.

    `obstore` gives the same interface over a folder and over S3-compatible storage. The folder's total
    is bounded by `budget` bytes: a put over it is refused and what is stored stays.
    """

    def __init__(self, objects: ObjectStore, budget: int) -> None:
        self._objects = objects
        self._budget = budget
        self._lock = Lock()
        self.size = sum(entry["size"] for page in obstore.list(objects) for entry in page)

    @classmethod
    def in_folder(cls, folder: Path, budget: int) -> "Store":
        """A store in a folder, made when absent."""
        return cls(LocalStore(folder, mkdir=True), budget)

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` under `name` (content-addressed: a second put of a name changes nothing)."""
        if self.has(name):
            return
        with self._lock:
            if self.size + len(data) > self._budget:
                raise StorageFull(
                    f"{len(data):,} bytes more would exceed the {self._budget:,} bytes this server keeps; "
                    "what is already stored is untouched.",
                    limit=self._budget,
                )
            self.size += len(data)
        try:
            obstore.put(self._objects, name, data)
        except BaseException:
            with self._lock:
                self.size -= len(data)
            raise

    def get(self, name: str) -> bytes | None:
        """The bytes under `name`, or None."""
        try:
            return bytes(obstore.get(self._objects, name).bytes())
        except FileNotFoundError:
            return None

    def has(self, name: str) -> bool:
        """Whether something is kept under `name`."""
        try:
            obstore.head(self._objects, name)
        except FileNotFoundError:
            return False
        return True
