from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.studio.admission import Admission, is_loopback
from agents.studio.server import LARGEST_BODY, StudioServer
from agents.studio.service import Service
from agents.studio.store import StudioStore
from agents.tracing import setup_tracing, span, stop_tracing
from agents.tracing.store import TraceStore
from knowledge.errors import RefdeskError, UsageError

ROOT = Path(__file__).parents[3]
JSON = {"Content-Type": "application/json"}
HELLO = {"project": "Handbook", "run_id": "r1", "id": "m1", "speaker": "Ann", "text": "hello"}


def ask(
    studio: StudioServer, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of the answer."""
    connection = HTTPConnection(urlsplit(studio.url).netloc, timeout=30)
    try:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, data, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def post(studio: StudioServer, **fields: Any) -> int:
    return ask(studio, "POST", "/api/messages", HELLO | fields, JSON)[0]


def messages(studio: StudioServer, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ask(studio, "GET", f"/api/messages{query}")[1])
    return found


def test_a_message_that_is_posted_is_shown(studio: StudioServer) -> None:
    assert post(studio, usage={"input_tokens": 3, "output_tokens": 4, "cost": 0.5}) == 200
    [message] = messages(studio)
    assert (message["project"], message["speaker"], message["text"]) == ("Handbook", "Ann", "hello")
    assert (message["input_tokens"], message["output_tokens"], message["cost"]) == (3, 4, 0.5)


def test_a_message_that_is_posted_twice_is_kept_once(studio: StudioServer) -> None:
    assert [post(studio), post(studio), post(studio, run_id="r2")] == [200, 200, 200]
    assert len(messages(studio)) == 2


def test_messages_come_in_order_after_the_last_one_that_is_known(studio: StudioServer) -> None:
    for at in range(5):
        post(studio, id=str(at), text=str(at))
    known = messages(studio)[2]["number"]
    assert [message["text"] for message in messages(studio, f"?after={known}&run=r1")] == ["3", "4"]
    assert messages(studio, "?run=unknown") == []


def test_who_waits_for_news_is_told_at_once(studio: StudioServer) -> None:
    found: list[Any] = []
    waiting = Thread(target=lambda: found.extend(messages(studio, "?wait=20")))
    waiting.start()
    time.sleep(0.2)
    begin = time.perf_counter()
    post(studio)
    waiting.join(10)
    assert [message["text"] for message in found] == ["hello"]
    assert time.perf_counter() - begin < 5


def test_runs_are_summed_up_the_latest_first(studio: StudioServer) -> None:
    for at in range(3):
        post(studio, id=str(at), speaker=f"agent {at % 2}", usage={"input_tokens": 10, "output_tokens": 1})
    post(studio, run_id="r2", run="second")
    runs = json.loads(ask(studio, "GET", "/api/runs")[1])
    assert [run["run_id"] for run in runs] == ["r2", "r1"]
    assert (runs[1]["messages"], runs[1]["speakers"], runs[1]["input_tokens"], runs[1]["cost"]) == (3, 2, 30, None)


def test_the_page_needs_nothing_from_elsewhere(studio: StudioServer) -> None:
    for path in ("/", "/studio.css", "/studio.js"):
        status, body, headers = ask(studio, "GET", path)
        assert status == 200
        assert "default-src 'none'" in headers["content-security-policy"]
        text = body.decode().replace("http://www.w3.org/2000/svg", "").replace("http://localhost", "")
        assert "http://" not in text
        assert "https://" not in text
        assert "innerHTML" not in text


def test_spans_are_taken_as_any_exporter_posts_them(studio: StudioServer) -> None:
    setup_tracing("demo", tracing_endpoint=f"{studio.url}/v1/traces")
    with span("invoke_agent", "Ann"), span("chat", "tiny") as opened:
        opened.set("gen_ai.usage.input_tokens", 7)
        opened.set("parts", ["a", "b"])
    stop_tracing()
    [trace] = json.loads(ask(studio, "GET", "/api/traces")[1])
    assert (trace["name"], trace["service"], trace["spans"], trace["input_tokens"]) == (
        "invoke_agent Ann",
        "demo",
        2,
        7,
    )
    spans = json.loads(ask(studio, "GET", f"/api/traces/{trace['trace_id']}")[1])
    assert [one["name"] for one in spans] == ["invoke_agent Ann", "chat tiny"]
    assert spans[1]["attributes"]["parts"] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", JSON, 400),
        (b"not json", JSON, 400),
        (b"[]", JSON, 400),
        (b'{"speaker": "Ann"}', JSON, 400),
        (b'{"speaker": "Ann", "text": 3}', JSON, 400),
        (b'{"speaker": "Ann", "text": "x", "usage": {"input_tokens": -1}}', JSON, 400),
        (b'{"speaker": "Ann", "text": "x"}', {"Content-Type": "text/plain"}, 415),
        (b"\xff\xfe", JSON, 400),
        (b"not gzip", JSON | {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"x" * (LARGEST_BODY + 1)), JSON | {"Content-Encoding": "gzip"}, 400),
    ],
)
def test_what_is_no_message_is_refused_in_a_sentence(
    studio: StudioServer, body: bytes, headers: dict[str, str], status: int
) -> None:
    answered, text, _ = ask(studio, "POST", "/api/messages", body, headers)
    assert answered == status
    assert json.loads(text)["error"].endswith(".")
    assert messages(studio) == []


def test_a_body_that_is_too_large_is_not_read(studio: StudioServer) -> None:
    headers = JSON | {"Content-Length": str(LARGEST_BODY + 1)}
    assert ask(studio, "POST", "/api/messages", None, headers)[0] == 413


def test_spans_that_are_none_are_refused(studio: StudioServer) -> None:
    headers = {"Content-Type": "application/x-protobuf"}
    assert ask(studio, "POST", "/v1/traces", b"\xff\xff\xff", headers)[0] == 400
    assert ask(studio, "POST", "/v1/traces", b"{}", JSON)[0] == 415


@pytest.mark.parametrize(
    "path", ["/nothing", "/../server.py", "/static/page.html", "/api/traces/x/y", "/api/messages?after=x"]
)
def test_what_is_not_there_is_not_given(studio: StudioServer, path: str) -> None:
    assert ask(studio, "GET", path)[0] in (400, 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"X-Forwarded-For": "10.0.0.1"},
        {"Host": "evil.example", "Authorization": "Bearer wrong"},
        {"Host": "evil.example", "Cookie": "refdesk_studio=wrong"},
    ],
)
def test_other_sites_and_other_machines_are_kept_out(studio: StudioServer, headers: dict[str, str]) -> None:
    assert ask(studio, "GET", "/api/messages", headers=headers)[0] == 403
    assert ask(studio, "POST", "/api/messages", HELLO, JSON | headers)[0] == 403


def test_the_token_opens_the_studio_from_elsewhere(studio: StudioServer) -> None:
    elsewhere = {"Host": "studio.example"}
    assert ask(studio, "GET", "/", headers=elsewhere | {"Authorization": "Bearer s3cret"})[0] == 200
    status, _, headers = ask(studio, "GET", "/?token=s3cret", headers=elsewhere)
    assert (status, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"].partition(";")[0]
    assert "s3cret" not in cookie
    assert ask(studio, "GET", "/api/runs", headers=elsewhere | {"Cookie": cookie})[0] == 200
    assert ask(studio, "GET", "/?token=wrong", headers=elsewhere)[0] == 403


def test_without_a_token_a_studio_listens_on_this_machine_only(service: Service) -> None:
    with pytest.raises(UsageError, match="REFDESK_STUDIO_TOKEN"):
        StudioServer(service, host="0.0.0.0", port=0)
    assert not Admission().is_token("")
    assert not Admission().admits("10.0.0.1", {"host": "localhost", "authorization": "Bearer "})


def test_a_port_that_is_taken_is_named(studio: StudioServer, service: Service) -> None:
    port = int(studio.url.rpartition(":")[2])
    with pytest.raises(UsageError, match=f"port {port}"):
        StudioServer(service, port=port)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_this_machine_is_told_from_others(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_no_header_lets_another_machine_in(host: str, origin: str, cookie: str) -> None:
    headers = {"host": host, "origin": origin, "cookie": cookie, "authorization": cookie}
    assert not Admission("s3cret-token").admits("192.0.2.1", headers)


def test_any_text_can_be_said(studio: StudioServer) -> None:
    for at, text in enumerate(["", "\x00\x1b[31m", "<script>alert(1)</script>", "\ud800"[:0], "漢字 🎈"]):
        assert post(studio, id=str(at), text=text) == 200
    assert [message["text"] for message in messages(studio)][2:3] == ["<script>alert(1)</script>"]


def test_many_may_post_at_once(studio: StudioServer) -> None:
    threads = [Thread(target=post, args=(studio,), kwargs={"id": str(at)}) for at in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(messages(studio)) == 30


def test_the_oldest_messages_are_dropped(tmp_path: Path) -> None:
    service = Service(StudioStore(tmp_path / "s.sqlite", keep=5), TraceStore(tmp_path / "t.sqlite"))
    with StudioServer(service, port=0) as studio:
        for at in range(12):
            post(studio, id=str(at), text=str(at))
        assert [message["text"] for message in messages(studio)] == ["7", "8", "9", "10", "11"]


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "studio.sqlite").write_text("no database" * 1000)
    with pytest.raises(RefdeskError, match="cannot be used"):
        StudioStore(tmp_path / "studio.sqlite")


def test_the_command_serves_and_says_where(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "serve", "studio", "--port", "0", "--folder", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[2].rstrip(",")
        connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(2)
        assert process.wait(20) == 0
    assert (tmp_path / "studio.sqlite").is_file()
