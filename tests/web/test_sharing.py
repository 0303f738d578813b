"""Many callers at once: work is shared, bounded, and given up when nobody waits for it."""

import asyncio
import threading
import time

import numpy as np
import pytest

from .api import photo, png, problem, read_npy, serving

DEEP = [
    layer for _ in range(20) for layer in ({"op": "conv", "filters": 32, "kernel": 3, "padding": 1}, {"op": "relu"})
]


def _deep_run(api, seed, side=160):
    """A run of forty layers that takes a while."""
    image = api.array(np.random.default_rng(seed).normal(size=(3, side, side)))
    return api.run(image, api.model([3, side, side], *DEEP))


def _settled(read, seconds=10.0):
    """The value of `read` once it no longer changes."""
    ends = time.monotonic() + seconds
    before = read()
    while time.monotonic() < ends:
        time.sleep(0.2)
        if (now := read()) == before:
            return now
        before = now
    raise AssertionError("still changing")


def test_what_many_ask_for_is_computed_once(api):
    computed = api.metric("convscope_layers_computed")
    run = api.run(api.image(png(photo(32, 32, seed=21))), "slides")
    names = [layer["name"] for layer in run["layers"]]
    paths = [f"/api/v1/runs/{run['id']}/layers/{name}?format=npy" for name in names] * 4
    answers = [read_npy(response) for response in api.get_together(paths)]
    for first, again in zip(answers[:4], answers[4:8], strict=True):
        assert (first == again).all()
    assert api.metric("convscope_layers_computed") == computed + len(names)


def test_two_callers_starting_the_same_run_share_it(api):
    request = {"image": api.image(png(photo(32, 32, seed=22))), "model": "slides"}
    computed = api.metric("convscope_layers_computed")

    async def both():
        async def one():
            run = (await api.client.post("/api/v1/runs", json=request)).json()
            return await api.client.get(f"/api/v1/runs/{run['id']}/layers/relu2")

        return await asyncio.gather(one(), one())

    first, second = api.do(both())
    assert first.content == second.content
    assert api.metric("convscope_layers_computed") == computed + 4


def test_an_early_layer_is_answered_while_later_ones_are_computed(api):
    run = _deep_run(api, seed=1)

    async def in_order():
        done = []

        async def one(name):
            await api.client.get(f"/api/v1/runs/{run['id']}/layers/{name}?format=u8")
            done.append(name)

        await asyncio.gather(one("relu20"), one("relu1"))
        return done

    assert api.do(in_order()) == ["relu1", "relu20"]


def test_work_that_nobody_waits_for_stops(api):
    run = _deep_run(api, seed=2)
    before = api.metric("convscope_layers_computed")

    async def leave():
        """Ask for the last layer; go away once the first is there."""
        request = asyncio.ensure_future(_disconnecting(api.app, f"/api/v1/runs/{run['id']}/layers/relu20", left))
        await api.client.get(f"/api/v1/runs/{run['id']}/layers/relu1")
        left.set()
        await request

    left = asyncio.Event()
    api.do(leave())
    assert _settled(lambda: api.metric("convscope_layers_computed")) < before + len(DEEP)
    assert 'status="499"' in api.get("/metrics").text
    assert api.layer(run, "relu20").shape == (32, 160, 160)  # and is done when somebody asks again


async def _disconnecting(app, path, left):
    """A request whose caller closes the connection when `left` is set."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("test", 1),
        "server": ("test", 80),
    }
    sent = False

    async def receive():
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        pass

    await app(scope, receive, send)


def test_what_the_cache_dropped_is_computed_again(settings):
    none = settings.model_copy(update={"activation_cache_bytes": 0, "rendered_cache_bytes": 0})
    with serving(none) as api:
        run = api.run(api.image(png(photo(32, 32))), "slides")
        last = api.layer(run, "relu2")
        assert (api.layer(run, "relu2") == last).all()
        unit = api.get(f"/api/v1/runs/{run['id']}/layers/conv2/units/0/0/0").json()
        assert unit["total"] == pytest.approx(unit["value"], rel=1e-5, abs=1e-6)


def test_a_full_queue_says_when_to_come_again_and_the_server_lives(settings):
    with serving(settings.model_copy(update={"queue_length": 1})) as api:
        blocked, release = threading.Event(), threading.Event()

        def block():
            blocked.set()
            release.wait(30)

        executor = api.app.state.service.executor
        held = [api.start(executor.run(block))]
        assert blocked.wait(10)
        held.append(api.start(executor.run(lambda: None)))
        try:
            run = api.run(api.image(png(photo(32, 32))), "slides")
            response = api.get(f"/api/v1/runs/{run['id']}/layers/conv1")
            assert problem(response, 503, "busy")["limit"] == 1
            assert int(response.headers["retry-after"]) >= 1
            assert api.get("/healthz").status_code == 200
            problem(api.get("/readyz"), 503, "busy")
        finally:
            release.set()
        for waiting in held:
            waiting.result(30)
        assert api.get(f"/api/v1/runs/{run['id']}/layers/conv1").status_code == 200


def test_a_request_that_takes_too_long_says_so(settings):
    with serving(settings.model_copy(update={"request_seconds": 0.2})) as api:
        release = threading.Event()
        held = api.start(api.app.state.service.executor.run(lambda: release.wait(30)))
        try:
            run = api.run(api.image(png(photo(32, 32))), "slides")
            body = problem(api.get(f"/api/v1/runs/{run['id']}/layers/conv1"), 503, "busy")
            assert body["limit"] == 0.2
        finally:
            release.set()
        held.result(30)
