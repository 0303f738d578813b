"""A least-recently-used cache bounded in bytes; what it drops, its owner makes again."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class ByteCache(Generic[Value]):
    """Values of known size, newest kept, never more than `budget` bytes in all. Safe between threads."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.size = 0
        self.hits = 0
        self.misses = 0
        self._entries: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Value | None:
        """The value, now the newest; None when it was never there or has been dropped."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self.misses += 1
                return None
            self.hits += 1
            self._entries.move_to_end(key)
            return entry[0]

    def peek(self, key: Hashable) -> Value | None:
        """The value, if there, without making it newer or counting the look."""
        with self._lock:
            entry = self._entries.get(key)
            return None if entry is None else entry[0]

    def put(self, key: Hashable, value: Value, size: int) -> None:
        """Keep a value of `size` bytes; older ones make room. One larger than the budget is not kept."""
        with self._lock:
            self._discard(key)
            if size > self.budget:
                return
            while self._entries and self.size + size > self.budget:
                self._discard(next(iter(self._entries)))
            self._entries[key] = (value, size)
            self.size += size

    def discard(self, chosen: Callable[[Hashable], bool]) -> None:
        """Drop every value whose key is chosen."""
        with self._lock:
            for key in [key for key in self._entries if chosen(key)]:
                self._discard(key)

    def _discard(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.size -= entry[1]

    def __contains__(self, key: Hashable) -> bool:
        with self._lock:
            return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)
