from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.exceptions import StateError
from agents.tracing import SpanRecord
from agents.tracing.record import INPUT_TOKENS, OPERATION, OUTPUT_TOKENS, summarised
from agents.tracing.store import TraceStore

CHAT = {OPERATION: "chat", INPUT_TOKENS: 10, OUTPUT_TOKENS: 5}
ROOT = SpanRecord("t1", "a", "", "invoke_agent Ann", 100.0, 3.0, "svc")
CALL = SpanRecord("t1", "b", "a", "chat tiny", 101.0, 1.0, "svc", attributes=CHAT)


def test_spans_come_back_as_they_were_kept(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.sqlite")
    store.add([CALL, ROOT])
    assert store.spans("t1") == [ROOT, CALL]
    assert store.spans("unknown") == []


def test_a_trace_sums_up_its_spans(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.sqlite")
    store.add([CALL, ROOT, replace(CALL, span_id="c", start=102.0, error="ModelError")])
    [trace] = store.traces()
    assert (trace.name, trace.spans, trace.errors, trace.seconds) == ("invoke_agent Ann", 3, 1, 3.0)
    assert (trace.input_tokens, trace.output_tokens) == (20, 10)


def test_a_trace_that_grows_is_summed_up_anew(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.sqlite")
    store.add([CALL])
    assert store.traces()[0].spans == 1
    TraceStore(store.path).add([ROOT])
    assert (store.traces()[0].spans, store.traces()[0].name) == (2, "invoke_agent Ann")


def test_the_latest_traces_come_first(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.sqlite")
    for at in range(5):
        store.add([replace(ROOT, trace_id=f"t{at}")])
    assert [trace.trace_id for trace in store.traces(limit=2)] == ["t4", "t3"]


def test_a_span_that_is_sent_twice_is_kept_once(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.sqlite")
    store.add([ROOT, ROOT])
    store.add([ROOT])
    assert store.spans("t1") == [ROOT]


def test_a_call_within_a_decorated_function_counts_once() -> None:
    wrapper = replace(CALL, span_id="w", parent_id="a", name="monitored")
    between = SpanRecord("t1", "x", "w", "function", 101.0, 1.0)
    assert summarised([ROOT, wrapper, between, replace(CALL, parent_id="x")]).input_tokens == 10


def test_the_oldest_spans_are_dropped(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.sqlite", keep=10)
    for at in range(25):
        store.add([replace(ROOT, trace_id=f"t{at}")])
    assert len(store.traces(limit=100)) == 10


def test_several_threads_may_add_at_once(tmp_path: Path) -> None:
    store = TraceStore(tmp_path / "traces.sqlite")

    def add(worker: int) -> None:
        for at in range(10):
            TraceStore(store.path).add([replace(ROOT, span_id=f"{worker}-{at}")])

    threads = [Thread(target=add, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.spans("t1")) == 40


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "traces.sqlite"
    TraceStore(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.commit()
    connection.close()
    with pytest.raises(StateError, match="newer version"):
        TraceStore(path)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=10, unique_by=lambda pair: pair[0])
)
def test_any_tangle_of_parents_is_summed_up(edges: list[tuple[int, int]]) -> None:
    spans = [replace(CALL, span_id=str(own), parent_id=str(parent)) for own, parent in edges]
    trace = summarised(spans)
    assert trace.spans == len(edges)
    assert 0 <= trace.input_tokens <= 10 * len(edges)
