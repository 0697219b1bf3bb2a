"""What every test runs under: no keys, no settings of the person at the keyboard, no network but loopback."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from knowledge.settings import quiet_dependencies

HANDBOOK = {
    "hr/leave.md": "# Leave\n\nEvery employee has 25 days of paid leave a year. Unused days expire in March.\n",
    "hr/sick.md": "# Sick days\n\nReport sick before nine in the morning. A doctor's note is due on the third day.\n",
    "hr/pay.md": "# Internal: pay bands\n\nThe top pay band of the engineering ladder begins at 91,000 crowns.\n",
    "travel/trains.md": "# Trains\n\nFirst class is paid for journeys of more than four hours.\n",
    "travel/hotels.md": "# Hotels\n\nA night in a hotel may cost at most 140 crowns, breakfast included.\n",
}
CONFIG = """banks:
  hr:
    title: People
    description: Leave, sick days and pay.
    sources: [hr]
    access:
      - title: "Internal*"
        allow: [staff]
  travel:
    title: Travel
    description: Trains, flights and hotels.
    sources: [travel]
"""
PERSONAL = ("OPENAI_", "REFDESK_", "HF_", "ANTHROPIC_", "AZURE_OPENAI_")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported, since some dependencies read these at import.

    Invariants are tried with fifty examples each, and with a hundred under `--hypothesis-profile=default`.
    """
    for name in [name for name in os.environ if name.startswith(PERSONAL) or name.lower() in PROXIES]:
        del os.environ[name]
    quiet_dependencies(os.environ, offline=True)
    if config.getoption("--hypothesis-profile") is None:
        settings.register_profile("fifty", max_examples=50)
        settings.load_profile("fifty")
    gc.set_threshold(2_000)  # what tests make is large and short-lived: to search thrice as often finds no more
    if sys.version_info < (3, 12):
        be_patient_with_tracing()


def be_patient_with_tracing() -> None:
    """Lets every thread start under coverage, for good.

    Python before 3.12 refuses to trace a thread while another thread's tracing is just being installed, which takes
    long enough where an audit hook stands, as filelock's does. The thread would die unseen with what it was given.
    """
    install = sys.settrace

    def settrace(function: Any) -> None:
        while True:
            try:
                return install(function)
            except RuntimeError:
                time.sleep(0)

    sys.settrace = settrace


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long begin first, so that no worker waits for another's last file."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """See `left_behind`."""
    settle()


@pytest.fixture(scope="module", autouse=True)
def left_behind() -> Iterator[None]:
    """What a file leaves behind is found out with it, and no later search for garbage goes through what stays.

    That is libraries above all, a million objects: whoever makes much would wait for them again and again.
    """
    yield
    settle()


def settle() -> None:
    """Ends what nobody holds any more, and takes the rest to stay."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for the whole session, so that the query model is exported once, and exported for real."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REFDESK_CACHE", str(folder))
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield folder


@pytest.fixture(autouse=True)
def environment_restored(cache_folder: Path) -> Iterator[None]:
    """What a test or the code under it changes in the environment ends with the test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


Refdesk = Callable[[Sequence[str]], Outcome]


@pytest.fixture
def refdesk(capfd: pytest.CaptureFixture[str]) -> Refdesk:
    """Runs a command as the console script does, in this process."""
    from serve.cli import main

    def run(arguments: Sequence[str]) -> Outcome:
        capfd.readouterr()
        code = main(list(arguments))
        said = capfd.readouterr()
        return Outcome(code, said.out, said.err)

    return run


def write_handbook(root: Path) -> Path:
    """The documents of a small organisation, with the `refdesk.yaml` that makes two banks of them."""
    for name, text in HANDBOOK.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (root / "refdesk.yaml").write_text(CONFIG, "utf-8")
    return root


@pytest.fixture(scope="session")
def handbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with two banks, ingested for real; only for reading."""
    from serve.cli import main

    root = write_handbook(tmp_path_factory.mktemp("handbook"))
    assert main(["ingest", "--config", str(root / "refdesk.yaml")]) == 0
    return root


@pytest.fixture
def own_handbook(handbook: Path, tmp_path: Path) -> Path:
    """A copy of the handbook that a test may change."""
    return shutil.copytree(handbook, tmp_path / "handbook")
