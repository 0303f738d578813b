"""The store keeps what it said it keeps, whole, and refuses what would be too much."""

from pathlib import Path

import pytest
from obstore.store import MemoryStore

from app.errors import StorageFull
from app.service.store import Store


def test_a_put_survives_a_new_store_on_the_same_folder(tmp_path: Path) -> None:
    Store.in_folder(tmp_path / "data", 100).put("images/a", b"hello")
    again = Store.in_folder(tmp_path / "data", 100)
    assert again.get("images/a") == b"hello"
    assert again.size == 5


def test_what_was_never_put_is_none() -> None:
    store = Store(MemoryStore(), 100)
    assert store.get("images/a") is None
    assert not store.has("images/a")


def test_a_full_store_refuses_and_keeps_what_it_has() -> None:
    store = Store(MemoryStore(), 10)
    store.put("a", b"12345678")
    with pytest.raises(StorageFull) as refusal:
        store.put("b", b"123")
    assert refusal.value.limit == 10
    assert store.get("a") == b"12345678"
    assert store.get("b") is None
    store.put("c", b"12")
    assert store.size == 10


def test_the_same_name_counts_once() -> None:
    store = Store(MemoryStore(), 10)
    store.put("a", b"12345678")
    store.put("a", b"12345678")
    assert store.size == 8
