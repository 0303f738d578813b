"""The built wheel, unpacked alone, and a server that runs from it: what users install, with no checkout beside it."""

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


def build_wheel(folder: Path) -> Path:
    """Builds the checkout's wheel into `folder`."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("convscope-*.whl")
    return wheel


def unpack(wheel: Path, folder: Path) -> Path:
    """Unpacks a wheel as an installation would; the folder then goes on PYTHONPATH."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def environment(installed: Path, **variables: str) -> dict[str, str]:
    """Variables under which `python -P -m convscope` is the unpacked wheel and no setting comes from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONVSCOPE_")}
    return {**kept, "PYTHONPATH": str(installed), **variables}


@contextmanager
def server(installed: Path, data: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server process on a free port, and its address as it announced it; stopped at the end."""
    command = [sys.executable, "-P", "-m", "convscope", "serve", "--port", "0", "--data-dir", str(data)]
    process = subprocess.Popen(command, cwd=data, env=environment(installed), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        announcement = process.stdout.readline()
        assert announcement.startswith("convscope is ready at http://"), f"the server said {announcement!r}"
        yield announcement.split()[-1], process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=START_SECONDS)
        process.stdout.close()
