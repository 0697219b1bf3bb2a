"""The parts of distribution one by one: placements, hosts, frames, bytes."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.distribution.blobs import LARGE, BlobStore
from agents.distribution.failures import describe, restore
from agents.distribution.hosts import find_machine, read_hosts
from agents.distribution.pickling import pack, unpack
from agents.distribution.placement import Placement, Resources, read_placement
from agents.distribution.wire import Connection, ConnectionLost, Frame, Kind, accept, join
from agents.exceptions import DistributionError
from knowledge.errors import UsageError


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path)


def test_a_placement_is_read_as_the_tutorial_writes_it() -> None:
    wanted = {"host": "worker-node-1.cluster.internal", "port": "12345", "resources": {"cpu": 2, "memory": "4GB"}}
    assert read_placement(wanted) == Placement(
        "worker-node-1.cluster.internal", 12345, Resources(cpu=2.0, memory=4_000_000_000)
    )
    assert read_placement(True) == Placement()
    assert read_placement({"resources": {"memory": "512MiB", "special": 1}}).resources == Resources(
        memory=512 * 2**20, others={"special": 1.0}
    )


async def test_names_of_this_machine_are_told_from_others() -> None:
    for host in (None, "localhost", "127.0.0.1", "127.1.2.3", "::1"):
        assert (await find_machine(host, {})).is_here
    far = await find_machine("w-3.cluster", {"w-*.cluster": "192.0.2.3:99"})
    assert (far.address, far.is_here, far.port) == ("192.0.2.3", False, 99)
    assert (await find_machine("six", {"six": "[2001:db8::1]:80"})).port == 80
    assert (await find_machine("six", {"six": "2001:db8::1"})).address == "2001:db8::1"
    assert (await find_machine("near", {"near": "localhost:5"})).port == 5
    for host in ("nobody.invalid", "x" * 300, "a..b"):
        with pytest.raises(DistributionError, match="cannot be found"):
            await find_machine(host, {})


def test_a_table_of_hosts_is_read_or_refused() -> None:
    assert read_hosts("a=1.2.3.4, b = c:5 ;") == {"a": "1.2.3.4", "b": "c:5"}
    assert read_hosts("") == {}
    with pytest.raises(UsageError, match="name=address"):
        read_hosts("just-a-name")


@given(st.binary() | st.text() | st.lists(st.integers()) | st.dictionaries(st.text(), st.floats(allow_nan=False)))
def test_data_comes_out_as_it_went_in(value: object) -> None:
    content, names = pack(value, None)
    assert names == []
    assert unpack(content, BlobStore(Path("unused"))) == value


def test_large_contents_go_by_reference_and_once(store: BlobStore) -> None:
    large = "ü \ud800" + "x" * LARGE
    content, names = pack([large, large, b"y" * LARGE], store)
    assert len(content) < 1000
    assert len(set(names)) == 2 == len(list(store.folder.iterdir()))
    assert unpack(content, store) == [large, large, b"y" * LARGE]
    for path in store.folder.iterdir():
        path.unlink()
    with pytest.raises(DistributionError, match="is gone"):
        unpack(content, store)


def test_functions_that_no_other_process_could_import_go_by_value(store: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "hidden_module.py").write_text("FACTOR = 3\ndef triple(x):\n    return FACTOR * x\n")
    spec = importlib.util.spec_from_file_location("hidden_module", tmp_path / "hidden_module.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["hidden_module"] = module
    try:
        spec.loader.exec_module(module)
        content, _ = pack(module.triple, store)
    finally:
        del sys.modules["hidden_module"]
    assert unpack(content, store)(5) == 15
    added = 4
    assert unpack(pack(lambda x: x + added, store)[0], store)(1) == 5


def test_locks_are_made_anew_and_connections_refused(store: BlobStore) -> None:
    locks = unpack(pack([threading.Lock(), threading.RLock()], store)[0], store)
    assert all(lock.acquire(blocking=False) for lock in locks)
    with socket.socket() as open_connection, pytest.raises(DistributionError, match="cannot be sent"):
        pack(open_connection, store)


@pytest.mark.parametrize("content", [b"", b"\x80", b"not a pickle", b"cno_such_module\nthing\n."])
def test_bytes_that_are_no_object_are_a_clear_error(store: BlobStore, content: bytes) -> None:
    with pytest.raises(DistributionError):
        unpack(content, store)


def test_an_error_that_cannot_be_made_again_is_told_in_words(store: BlobStore) -> None:
    class Demanding(Exception):
        def __init__(self, one: str, two: str) -> None:
            super().__init__(f"{one} and {two}")

    back = restore(describe(Demanding("this", "that"), store), store, "worker 7")
    assert isinstance(back, DistributionError)
    assert "Demanding: this and that" in str(back)


Side = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def between(
    secret: bytes, other: bytes, use: Callable[[Connection, Connection, asyncio.StreamWriter], Awaitable[None]]
) -> None:
    """Lets `use` have both ends of a connection whose sides hold these secrets."""
    accepted: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            accepted.set_result(await accept(reader, writer, other))
        except ConnectionLost as error:
            accepted.set_exception(error)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        await use(await join(reader, writer, secret), await accepted, writer)
    finally:
        writer.close()
        server.close()
        await asyncio.wait([accepted], timeout=5)
        if accepted.done() and accepted.exception() is None:
            accepted.result().close()
        await asyncio.sleep(0.01)  # what was closed ends in a later round of the loop


async def test_frames_arrive_in_order_both_ways() -> None:
    async def use(caller: Connection, worker: Connection, writer: asyncio.StreamWriter) -> None:
        for number in range(3):
            caller.send(Frame(Kind.REQUEST, number, b"x" * number))
            worker.send(Frame(Kind.RESULT, number))
        for number in range(3):
            assert await worker.receive() == Frame(Kind.REQUEST, number, b"x" * number)
            assert await caller.receive() == Frame(Kind.RESULT, number)

    await between(b"secret", b"secret", use)


async def test_another_secret_is_refused() -> None:
    async def use(caller: Connection, worker: Connection, writer: asyncio.StreamWriter) -> None:
        raise AssertionError("must not be reached")

    with pytest.raises(ConnectionLost, match="token"):
        await between(b"secret", b"another", use)


async def test_a_frame_that_was_changed_or_repeated_ends_the_connection() -> None:
    async def changed(caller: Connection, worker: Connection, writer: asyncio.StreamWriter) -> None:
        caller._sending = bytes(32)
        caller.send(Frame(Kind.REQUEST, 1, b"body"))
        with pytest.raises(ConnectionLost, match="changed on its way"):
            await worker.receive()

    async def repeated(caller: Connection, worker: Connection, writer: asyncio.StreamWriter) -> None:
        caller.send(Frame(Kind.REQUEST, 1, b"body"))
        await worker.receive()
        caller._sent = 0
        caller.send(Frame(Kind.REQUEST, 1, b"body"))
        with pytest.raises(ConnectionLost, match="changed on its way"):
            await worker.receive()

    await between(b"secret", b"secret", changed)
    await between(b"secret", b"secret", repeated)


async def test_an_absurd_length_ends_the_connection() -> None:
    async def use(caller: Connection, worker: Connection, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff" * 40)
        with pytest.raises(ConnectionLost, match="too long"):
            await worker.receive()

    await between(b"secret", b"secret", use)
