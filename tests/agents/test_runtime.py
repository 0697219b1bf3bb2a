"""What `init` configures holds for the process, and what is isolated leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from threading import Thread

import pytest

from agents.runtime import Runtime, current, init, isolated
from knowledge.errors import UsageError

GPT = {"config_name": "a", "model_name": "gpt-4", "api_key": "sk-1"}


def test_what_is_isolated_leaves_nothing_behind() -> None:
    before = current().project_name
    with isolated():
        init(project_name="inner")
        assert current().project_name == "inner"
        with isolated():
            assert current().project_name == "refdesk"
        assert current().project_name == "inner"
    assert current().project_name == before


def test_what_holds_before_anything_is_configured_is_made_once_and_follows_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agents.runtime import _Process

    before, _Process.runtime = _Process.runtime, None
    try:
        assert current() is current()
        for name in ("first", "second"):
            monkeypatch.setenv("REFDESK_MODEL", name)
            monkeypatch.chdir(tmp_path)
            assert current().models.default().model_name == name
            (tmp_path / "refdesk.yaml").write_text(f"models:\n  gpt: {{model_name: {name}}}\n", "utf-8")
            assert current().models.named("gpt").model_name == name
            (tmp_path / "refdesk.yaml").unlink()
    finally:
        _Process.runtime = before


def test_threads_see_what_the_process_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    before = current()
    try:
        init(project_name="everybody")
        thread = Thread(target=lambda: seen.append(current().project_name))
        thread.start()
        thread.join()
    finally:
        from agents.runtime import _Process

        _Process.runtime = before
    assert seen == ["everybody"]


async def test_tasks_at_once_have_each_their_own() -> None:
    async def work(name: str) -> str:
        with isolated():
            init(project_name=name)
            await asyncio.sleep(0.01)
            return await asyncio.to_thread(lambda: current().project_name)

    assert list(await asyncio.gather(work("one"), work("two"))) == ["one", "two"]


def test_another_process_is_set_up_alike_by_the_arguments(tmp_path: Path) -> None:
    with isolated():
        init(GPT, project_name="p", name="n", offline=True, root=tmp_path)
        arguments = json.loads(json.dumps(current().arguments()))
        first = current()
    with isolated():
        init(**arguments)
        assert current().arguments() == first.arguments()
        assert current().model_configs == first.model_configs


def test_a_run_has_a_name_and_an_identity_of_its_own() -> None:
    with isolated():
        one, other = init(), init()
    assert one.name.startswith("run-")
    assert one.run_id != other.run_id


def test_the_log_speaks_from_the_level_that_is_set(tmp_path: Path) -> None:
    logger = logging.getLogger("agents")
    level, handlers = logger.level, list(logger.handlers)
    try:
        with isolated():
            init(logging_level="info", logging_path=tmp_path / "log.txt")
            logger.info("said")
        assert "said" in (tmp_path / "log.txt").read_text("utf-8")
        with isolated(), pytest.raises(UsageError, match="is no logging level"):
            init(logging_level="loud")
    finally:
        logger.setLevel(level)
        for handler in set(logger.handlers) - set(handlers):
            logger.removeHandler(handler)
            handler.close()


def test_without_init_there_are_defaults() -> None:
    with isolated(Runtime()) as runtime:
        assert current() is runtime
        assert (runtime.offline, runtime.studio_url, runtime.model_configs) == (False, None, ())
