"""The cache never holds more than its budget, and drops what was used longest ago."""

from hypothesis import given
from hypothesis import strategies as st

from app.service.cache import ByteCache


def test_the_least_recently_used_goes_first() -> None:
    cache: ByteCache[str] = ByteCache(3)
    for key in "abc":
        cache.put(key, key, 1)
    assert cache.get("a") == "a"
    cache.put("d", "d", 1)
    assert "b" not in cache
    assert all(key in cache for key in "acd")


def test_peeking_makes_nothing_newer() -> None:
    cache: ByteCache[str] = ByteCache(2)
    cache.put("a", "a", 1)
    cache.put("b", "b", 1)
    assert cache.peek("a") == "a"
    cache.put("c", "c", 1)
    assert cache.peek("a") is None


def test_what_is_larger_than_the_budget_is_not_kept() -> None:
    cache: ByteCache[str] = ByteCache(2)
    cache.put("a", "a", 1)
    cache.put("b", "b", 3)
    assert "b" not in cache
    assert "a" in cache


def test_discard() -> None:
    cache: ByteCache[int] = ByteCache(10)
    for number in range(5):
        cache.put(number, number, 2)
    cache.discard(lambda key: isinstance(key, int) and key % 2 == 0)
    assert [number for number in range(5) if number in cache] == [1, 3]
    assert cache.size == 4


@given(st.integers(0, 50), st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=60))
def test_the_budget_holds_whatever_comes(budget: int, puts: list[tuple[int, int]]) -> None:
    cache: ByteCache[int] = ByteCache(budget)
    sizes: dict[int, int] = {}
    for key, size in puts:
        cache.put(key, size, size)
        sizes[key] = size
        held = [key for key in sizes if key in cache]
        assert cache.size == sum(cache.peek(key) or 0 for key in held) <= budget
