"""`ask` and `chat`: what they print, how they end, and what they load."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.answers.desk import TOOL
from agents.testing import Reply, Request, ScriptedServer, failure, tool_call
from tests.conftest import Refdesk
from tests.two_banks import build

LEAVE = "How many days of annual leave do I have?"
UNKNOWN = "Who painted the ceiling of the Sistine Chapel?"
SEARCH = tool_call(TOOL, query="annual leave days")
REPLY = "Every employee has 25 days of annual leave a year [1]."


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build(tmp_path_factory.mktemp("root")).root)


def piped(monkeypatch: pytest.MonkeyPatch, text: str | bytes) -> None:
    data = text.encode() if isinstance(text, str) else text
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def test_an_answer_is_quoted_with_its_file_and_no_model_is_named(refdesk: Refdesk, root: str) -> None:
    done = refdesk(["--root", root, "ask", LEAVE])
    assert done.code == 0
    assert "**25** days of annual leave a year.” [1]" in done.out
    assert "Annual leave.md · Entitlement" in done.out
    assert "no language model" in done.out
    assert done.err == ""


def test_the_question_may_be_several_words(refdesk: Refdesk, root: str) -> None:
    done = refdesk(["--root", root, "ask", *LEAVE.split()])
    assert "**25** days" in done.out


def test_an_abstention_says_so_and_has_its_own_exit_code(refdesk: Refdesk, root: str) -> None:
    done = refdesk(["--root", root, "ask", UNKNOWN])
    assert done.code == 3
    assert done.out.startswith("The documents do not answer this question.\nClosest:")


def test_json_holds_the_whole_structure(refdesk: Refdesk, root: str) -> None:
    done = refdesk(["--root", root, "ask", LEAVE, "--json"])
    answer = json.loads(done.out)
    assert answer["citations"][0]["quote"] == "Every employee has 25 days of annual leave a year."
    assert answer["model"] is None
    assert "note" not in answer
    assert json.loads(refdesk(["--root", root, "ask", UNKNOWN, "--json"]).out)["abstained"] is True


def test_scores_are_explained_for_as_many_passages_as_asked(refdesk: Refdesk, root: str) -> None:
    done = refdesk(["--root", root, "ask", LEAVE, "--explain", "-k", "2"])
    assert done.out.count("cosine") == 2


@pytest.mark.parametrize("raw", [LEAVE.encode(), f"\n{LEAVE}\n".encode(), LEAVE.encode() + b" \xff"])
def test_the_question_may_come_from_standard_input(
    refdesk: Refdesk, root: str, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    piped(monkeypatch, raw)
    assert "**25** days" in refdesk(["--root", root, "ask", "-"]).out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ask", " "], 2, "Nothing was asked."),
        (["ask"], 2, "Missing argument"),
        (["ask", "x", "--bank", "finance"], 2, "There is no bank 'finance'"),
        (["ask", "x", "--bank", "a/b"], 2, "cannot name a bank"),
        (["ask", "x", "--filter", "nonsense"], 2, "is not a filter"),
        (["ask", "x", "--model", "gpt-4o"], 2, "needs a key: set OPENAI_API_KEY"),
        (["ask", "why " * 5000], 2, "Ask in at most 10,000."),
    ],
)
def test_a_wrong_call_ends_in_one_sentence(
    refdesk: Refdesk, root: str, arguments: list[str], code: int, words: str
) -> None:
    done = refdesk(["--root", root, *arguments])
    assert done.code == code
    assert words in done.err
    assert done.out == ""


@pytest.mark.parametrize("command", [["ask", LEAVE], ["chat"]])
def test_without_banks_the_next_step_is_named(
    refdesk: Refdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    piped(monkeypatch, LEAVE)
    done = refdesk(["--root", str(tmp_path), *command])
    assert done.code == 2
    assert "Make one: refdesk ingest FOLDER --bank NAME." in done.err


def test_staff_read_what_customers_do_not(refdesk: Refdesk, root: str) -> None:
    salary = "What does salary band seven pay?"
    assert "81,000" in refdesk(["--root", root, "ask", salary, "--as", "staff"]).out
    for arguments in (["--json"], ["--explain", "-k", "50"], ["--as", "customer"]):
        done = refdesk(["--root", root, "ask", salary, *arguments])
        assert "81,000" not in done.out + done.err


def test_a_named_model_answers_and_is_named_with_its_host(
    refdesk: Refdesk, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer([SEARCH, f"{REPLY} Pigs fly [1]."]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        done = refdesk(["--root", root, "--offline", "ask", LEAVE, "--model", "scripted"])
    assert done.code == 0
    assert "Every employee has 25 days of annual leave a year. [1]" in done.out
    assert f"scripted at {server.host}" in done.out
    assert "Left out, since no passage supports it: Pigs fly." in done.out


def test_the_environment_names_a_model_too(refdesk: Refdesk, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer([SEARCH, "Nobody knows."]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("REFDESK_MODEL", "scripted")
        done = refdesk(["--root", root, "ask", LEAVE, "--json"])
    assert done.code == 3
    answer = json.loads(done.out)
    assert (answer["model"], answer["host"]) == ("scripted", server.host)
    assert answer["dropped"] == ["Nobody knows."]


@pytest.mark.parametrize("where", [["--offline", "ask"], ["ask", "--offline"]])
def test_offline_the_answer_is_quoted_and_says_that_the_model_was_not_asked(
    refdesk: Refdesk, root: str, where: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    done = refdesk(["--root", root, *where, LEAVE, "--model", "gpt-4o"])
    assert done.code == 0
    assert "**25** days" in done.out
    assert "Offline: gpt-4o at api.openai.com was not asked" in done.err
    told = json.loads(refdesk(["--root", root, *where, LEAVE, "--model", "gpt-4o", "--json"]).out)
    assert "was not asked" in told["note"]


@pytest.mark.parametrize("reply", [failure(401), failure(404), Reply(raw="<html>")])
def test_a_model_that_fails_ends_in_one_sentence(
    refdesk: Refdesk, root: str, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    with ScriptedServer([reply]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        done = refdesk(["--root", root, "ask", LEAVE, "--model", "scripted"])
    assert done.code == 1
    assert server.host in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert done.out == ""


def test_a_chat_answers_line_by_line_and_understands_follow_ups(
    refdesk: Refdesk, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, f"{LEAVE}\n\nAnd how many of them may be carried over?\n/sources\n/help\n/quit\n{UNKNOWN}\n")
    done = refdesk(["--root", root, "chat"])
    assert done.code == 0
    assert done.out.index("**25** days") < done.out.index("Understood as: And") < done.out.index("31 March")
    assert "cosine" in done.out
    assert "/sources  the passages" in done.out
    assert "do not answer" not in done.out


def test_a_chat_prints_one_line_of_json_for_each_answer(
    refdesk: Refdesk, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, f"{LEAVE}\nAnd how many of them may be carried over?\n")
    first, second = map(json.loads, refdesk(["--root", root, "chat", "--json"]).out.splitlines())
    assert "25 days" in first["text"]
    assert second["understood"].startswith("And how many")


def test_a_chat_goes_on_after_a_failure(refdesk: Refdesk, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, f"{LEAVE}\n/nonsense\n{LEAVE}\n")
    with ScriptedServer([failure(429, Retry_After="0.01")] * 3 + [SEARCH, REPLY]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        done = refdesk(["--root", root, "chat", "--model", "scripted"])
    assert done.code == 1
    assert "takes no more requests now" in done.err
    assert "There is no command /nonsense; /help lists them." in done.err
    assert "25 days" in done.out


def test_an_empty_chat_ends_well(refdesk: Refdesk, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, "")
    assert refdesk(["--root", root, "chat"]).code == 0


def test_quoting_loads_neither_llamaindex_nor_chroma_nor_torch(root: str) -> None:
    code = (
        "import sys\n"
        "from serve.cli import main\n"
        f"assert main(['--root', {root!r}, 'ask', {LEAVE!r}, '--explain']) == 0\n"
        f"assert main(['--root', {root!r}, 'ask', {LEAVE!r}, '--json']) == 0\n"
        "heavy = {'llama_index', 'chromadb', 'torch', 'transformers', 'openai', 'unstructured', 'ingest'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("key", [b"\x04", b"/quit\n"])
def test_a_chat_at_a_terminal_prompts_and_ends_when_it_is_left(root: str, key: bytes) -> None:
    import pty

    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "serve", "--root", root, "chat"]
    with subprocess.Popen(command, stdin=inner, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as chatting:
        os.write(outer, f"{LEAVE}\n".encode() + key)
        out, err = chatting.communicate(timeout=60)
    os.close(inner)
    os.close(outer)
    assert chatting.returncode == 0, err
    assert b"? " in out
    assert b"**25** days" in out
    assert b"/help lists what else you can do" in err


def test_giving_up_one_answer_does_not_end_the_chat(
    refdesk: Refdesk, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(request: Request) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)
        return REPLY

    piped(monkeypatch, f"{LEAVE}\n{LEAVE}\n")
    with ScriptedServer([interrupt, SEARCH, REPLY]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        done = refdesk(["--root", root, "chat", "--model", "scripted"])
    assert "Given up." in done.err
    assert "25 days" in done.out
