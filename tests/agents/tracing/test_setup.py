from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from agents.message import Msg
from agents.model.response import ChatResponse, Usage
from agents.pipeline import MsgHub, SequentialPipeline
from agents.runtime import Runtime, isolated
from agents.testing import ScriptedModel
from agents.tracing import flush_tracing, setup_tracing, span, stop_tracing, trace_llm
from agents.tracing.spans import OFF, Span, tracer
from agents.tracing.store import TraceStore
from knowledge.errors import ConfigError, RefdeskError
from tests.agents.pipeline.speakers import Speaker
from tests.agents.tracing.receiver import Receiver, attributes, wait_for

ROOT = Path(__file__).parents[3]


class ModelSpeaker(Speaker):
    """Replies with what its model says."""

    model: ScriptedModel

    async def reply(self, msg: Msg | list[Msg] | None = None, **kwargs: object) -> Msg:
        answer = await self.model("hello")
        assert isinstance(answer, ChatResponse)
        return Msg(self.name, answer.text, "assistant")


def speaker() -> ModelSpeaker:
    made = ModelSpeaker("Ann")
    made.model = ScriptedModel(["secret words of the model"], model_name="tiny")
    return made


async def test_spans_are_posted_to_exactly_the_address_that_was_given(receiver: Receiver) -> None:
    setup_tracing(service_name="my_agent_service", tracing_endpoint=receiver.url, headers={"x-team": "hr"})
    await speaker()("question")
    assert flush_tracing()
    assert set(receiver.paths) == {"/api/traces"}
    assert receiver.services == {"my_agent_service"}
    assert receiver.headers[0]["x-team"] == "hr"


async def test_spans_follow_the_conventions_and_stand_below_each_other(receiver: Receiver) -> None:
    setup_tracing(tracing_endpoint=receiver.url)
    async with MsgHub([ann := speaker()], name="panel"):
        await SequentialPipeline([ann], name="flow")("question")
    flush_tracing()
    flow, reply, chat = (receiver.span(name) for name in ("invoke_workflow flow", "invoke_agent Ann", "chat tiny"))
    assert reply.parent_span_id == flow.span_id
    assert chat.parent_span_id == reply.span_id
    assert "hub panel" in receiver.names
    assert attributes(chat)["gen_ai.operation.name"] == "chat"
    assert attributes(chat)["gen_ai.request.model"] == "tiny"
    assert attributes(chat)["gen_ai.usage.output_tokens"] == 5
    assert attributes(chat)["gen_ai.usage.input_tokens"] > 0
    assert attributes(reply)["gen_ai.agent.name"] == "Ann"
    assert attributes(flow)["gen_ai.workflow.name"] == "flow"


async def test_what_was_said_is_in_no_span_unless_it_is_asked_for(receiver: Receiver) -> None:
    @trace_llm
    async def monitored(question: str) -> str:
        await speaker()(question)
        raise ValueError("secret error")

    for capture in (False, True):
        setup_tracing(tracing_endpoint=receiver.url, capture_content=capture)
        with pytest.raises(ValueError, match="secret"):
            await monitored("secret question")
        flush_tracing()
        sent = b"".join(span.SerializeToString() for span in receiver.spans)
        assert (b"secret" in sent) == capture


async def test_what_was_said_may_be_kept_without_secrets_and_personal_data(receiver: Receiver) -> None:
    @trace_llm
    async def monitored(question: str) -> str:
        await speaker()(question)
        raise ValueError("no mail to ann@mail.example")

    setup_tracing(tracing_endpoint=receiver.url, capture_content="redacted")
    with pytest.raises(ValueError, match="mail"):
        await monitored("I am ann@mail.example, my key is sk-abcdefghijklmnopqrst, what is leave?")
    flush_tracing()
    sent = b"".join(span.SerializeToString() for span in receiver.spans)
    assert b"what is leave?" in sent
    assert b"ann@mail" not in sent
    assert b"abcdefghijkl" not in sent


async def test_the_span_of_trace_llm_has_the_name_of_its_function(receiver: Receiver) -> None:
    setup_tracing(tracing_endpoint=receiver.url)

    @trace_llm
    async def monitored_agent_call() -> ChatResponse:
        return ChatResponse([], Usage(3, 4))

    await monitored_agent_call()
    flush_tracing()
    found = attributes(receiver.span("monitored_agent_call"))
    assert (found["gen_ai.usage.input_tokens"], found["gen_ai.usage.output_tokens"]) == (3, 4)


async def test_an_error_is_recorded_on_the_spans_it_passes_through(receiver: Receiver) -> None:
    setup_tracing(tracing_endpoint=receiver.url)
    with pytest.raises(RefdeskError), span("function", "outer"), span("execute_tool", "inner"):
        raise RefdeskError("no")
    flush_tracing()
    for name in ("outer", "execute_tool inner"):
        found = receiver.span(name)
        assert found.status.code == 2
        assert attributes(found)["error.type"] == "RefdeskError"
        assert [event.name for event in found.events] == ["exception"]


async def test_all_threads_and_loops_are_traced(receiver: Receiver) -> None:
    def work() -> None:
        with span("function", "in a thread"):
            pass
        asyncio.run(speaker()("question"))

    async def switch_on() -> None:
        setup_tracing(tracing_endpoint=receiver.url)

    await asyncio.create_task(switch_on())
    thread = Thread(target=work)
    thread.start()
    thread.join()
    flush_tracing()
    assert {"in a thread", "invoke_agent Ann"} <= set(receiver.names)


async def test_concurrent_replies_do_not_mix_their_spans(receiver: Receiver) -> None:
    setup_tracing(tracing_endpoint=receiver.url)
    await asyncio.gather(*(speaker()("question") for _ in range(10)))
    flush_tracing()
    replies = {span.span_id: span.trace_id for span in receiver.spans if span.name == "invoke_agent Ann"}
    chats = [span for span in receiver.spans if span.name == "chat tiny"]
    assert len(replies) == len(chats) == len({span.parent_span_id for span in chats}) == 10
    assert all(replies[span.parent_span_id] == span.trace_id for span in chats)


def test_set_up_again_it_takes_the_new_settings(receiver: Receiver) -> None:
    with Receiver() as other:
        setup_tracing("first", tracing_endpoint=receiver.url)
        with span("function", "one"):
            pass
        setup_tracing("second", tracing_endpoint=other.url)
        with span("function", "two"):
            pass
        stop_tracing()
    assert (receiver.names, receiver.services) == (["one"], {"first"})
    assert (other.names, other.services) == (["two"], {"second"})


def test_spans_are_kept_in_a_file_where_no_address_is_given(tmp_path: Path) -> None:
    with isolated(Runtime(root=tmp_path)):
        setup_tracing()
        with span("chat", "tiny") as opened:
            opened.set("gen_ai.usage.input_tokens", 3)
        stop_tracing()
    [trace] = TraceStore(tmp_path / "traces.sqlite").traces()
    assert (trace.name, trace.service, trace.input_tokens) == ("chat tiny", "refdesk", 3)


def test_spans_go_to_both_an_address_and_a_file(receiver: Receiver, tmp_path: Path) -> None:
    setup_tracing(tracing_endpoint=receiver.url, store=tmp_path / "deep" / "spans.sqlite")
    with span("function", "work"):
        pass
    stop_tracing()
    assert receiver.names == ["work"]
    assert [trace.name for trace in TraceStore(tmp_path / "deep" / "spans.sqlite").traces()] == ["work"]


@pytest.mark.parametrize("url", ["jaeger:14268", "ftp://x/y", "http://", "http://x:99999/", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="http://localhost:4318"):
        setup_tracing(tracing_endpoint=url)
    assert tracer() is OFF


def test_a_store_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "broken.sqlite").write_text("this is no database" * 100)
    for path in (tmp_path / "file" / "traces.sqlite", tmp_path / "broken.sqlite"):
        with pytest.raises(RefdeskError, match="Traces"):
            setup_tracing(store=path)


def test_offline_no_span_leaves_this_machine(caplog: pytest.LogCaptureFixture) -> None:
    with isolated(Runtime(offline=True)), caplog.at_level(logging.WARNING):
        setup_tracing(tracing_endpoint="http://collector.example:4318/v1/traces")
        with span("function", "work"):
            pass
    assert "Offline: no spans are sent to collector.example:4318" in caplog.text


def test_an_address_where_nothing_listens_disturbs_nobody_and_is_news_once(caplog: pytest.LogCaptureFixture) -> None:
    setup_tracing(tracing_endpoint="http://127.0.0.1:9/v1/traces")
    begin = time.perf_counter()
    for _ in range(50):
        with span("function", "work"):
            pass
    assert time.perf_counter() - begin < 0.5
    begin = time.perf_counter()
    stop_tracing(timeout=0.2)
    assert time.perf_counter() - begin < 1.0
    assert not [record for record in caplog.records if record.levelno < logging.ERROR]


def test_an_endpoint_that_refuses_disturbs_nobody() -> None:
    with Receiver(status=400) as refusing:
        setup_tracing(tracing_endpoint=refusing.url)
        with span("function", "work") as opened:
            opened.set("odd", object())
            opened.set("nothing", None)
        flush_tracing()


PROGRAM = """
import sys, time
from agents.tracing import setup_tracing, span
setup_tracing(tracing_endpoint=sys.argv[1])
with span("function", "work"):
    pass
time.sleep(float(sys.argv[2]))
"""


def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_spans_are_sent_while_the_process_goes_on_after_the_delay_that_is_set(receiver: Receiver) -> None:
    with run(receiver.url, "60", OTEL_BSP_SCHEDULE_DELAY="200") as process:
        sent = wait_for(lambda: receiver.names == ["work"], seconds=15)
        process.kill()
    assert sent


def test_spans_are_sent_when_the_process_ends(receiver: Receiver) -> None:
    with run(receiver.url, "0") as process:
        assert process.wait(30) == 0
    assert receiver.names == ["work"]


def test_a_process_ends_soon_where_nothing_listens() -> None:
    begin = time.perf_counter()
    with run("http://127.0.0.1:9/v1/traces", "0") as process:
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert time.perf_counter() - begin < 15


def test_a_variable_of_opentelemetry_that_is_wrong_is_named() -> None:
    with run("http://127.0.0.1:9/v1/traces", "0", OTEL_BSP_SCHEDULE_DELAY="0") as process:
        assert process.wait(30) == 1
        assert process.stderr is not None
        assert "ConfigError: A variable of OpenTelemetry" in process.stderr.read()


def test_off_a_span_is_one_that_does_nothing_and_opentelemetry_is_not_loaded() -> None:
    script = (
        "import sys, agents.tracing, agents.pipeline\n"
        "with agents.tracing.span('chat', 'x') as s: s.set('a', 1)\n"
        "print('opentelemetry' in sys.modules, 'sqlite3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

    assert type(opened_now()) is Span


def opened_now() -> Span:
    with span("chat", "x") as opened:
        return opened
