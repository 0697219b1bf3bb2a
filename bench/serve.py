"""The service under load, under a kill, and for a long time: with a model of known latency on loopback.

    .venv/bin/python -m bench.serve load --conversations 200 --seconds 3
    .venv/bin/python -m bench.serve kill --rounds 5
    .venv/bin/python -m bench.serve soak --minutes 30
    .venv/bin/python -m bench.serve paint

`load` holds that many conversations at once, each with some questions whose answers are streamed, and tells what was
dropped and what the service adds to the model's own time; `kill` ends the service by SIGKILL in the middle of such a
load and looks for every question and rating that was acknowledged; `soak` keeps asking, programs too by each of their
protocols, and watches the memory. The model runs in a process of its own and takes three times `--seconds` a turn: for
its search, for its first word, and for the words of its answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx
import psutil

from bench.serve_model import FIRST_SENTENCE
from bench.serve_place import Served, home, model_at, processor_seconds, resident, service
from bench.serve_programs import Ask, programs

QUESTION = "How long does a replacement card take to arrive?"
PHASES = 3
CONNECTIONS = httpx.Limits(max_connections=None, max_keepalive_connections=1000)


@dataclass(frozen=True, slots=True)
class Turn:
    """One question: what was acknowledged of it, and seconds until the first word and until the answer."""

    conversation: str
    question: str
    accepted: bool = False
    first_word: float | None = None
    answered: float | None = None
    answer: str = ""
    rated: bool = False


async def turn(client: httpx.AsyncClient, conversation: str, *, rate: bool = False) -> Turn:
    """One question in a conversation; what happened until it ended, or until the connection broke."""
    found = Turn(conversation, uuid4().hex)
    began = perf_counter()
    facts: dict[str, object] = {}
    try:
        body = {"id": found.question, "text": QUESTION}
        async with client.stream("POST", f"/api/conversations/{conversation}/messages", json=body) as response:
            event = ""
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    facts |= _noted(event, json.loads(line.removeprefix("data: ")), perf_counter() - began, facts)
        if rate and facts.get("answer"):
            rated = await client.post(f"/api/messages/{facts['answer']}/feedback", json={"rating": "up"})
            facts["rated"] = rated.status_code == 204
    except httpx.HTTPError:
        # Whoever kills a service breaks its connections.
        pass
    return Turn(found.conversation, found.question, **facts)  # type: ignore[arg-type]  # as they are noted below


def _noted(event: str, data: dict[str, dict[str, str]], seconds: float, facts: dict[str, object]) -> dict[str, object]:
    if event == "accepted":
        return {"accepted": True}
    if event == "delta" and "first_word" not in facts:
        return {"first_word": seconds}
    if event == "answer" and data["message"]["status"] == "complete":
        return {"answered": seconds, "answer": data["message"]["id"]}
    return {}


async def conversations(client: httpx.AsyncClient, how_many: int) -> list[str]:
    """So many conversations, begun."""
    return [(await client.post("/api/conversations", json={})).json()["id"] for _ in range(how_many)]


def calling(url: str) -> httpx.AsyncClient:
    """A client with as many connections as are wanted."""
    return httpx.AsyncClient(base_url=url, timeout=httpx.Timeout(300.0), limits=CONNECTIONS)


async def load(served: Served, how_many: int, questions: int, within: float) -> tuple[list[Turn], float]:
    """All conversations at once; the turns, and the processor seconds that the service took for them.

    They begin evenly within so many seconds, as people do, and each asks the next question when the one before is
    answered. The service has answered one question before, so that its models are loaded.
    """

    async def talk(client: httpx.AsyncClient, conversation: str, wait: float) -> list[Turn]:
        await asyncio.sleep(wait)
        return [await turn(client, conversation) for _ in range(questions)]

    async with calling(served.url) as client:
        first, *others = await conversations(client, how_many + 1)
        await turn(client, first)
        before = processor_seconds(served)
        talks = [talk(client, one, within * at / how_many) for at, one in enumerate(others)]
        turns = [one for turns in await asyncio.gather(*talks) for one in turns]
        return turns, processor_seconds(served) - before


def report_load(turns: Sequence[Turn], processor: float, model_seconds: float) -> None:
    """What was dropped, and what the service added to the model's own time."""
    answered = [one.answered - model_seconds for one in turns if one.answered is not None]
    print(f"{len(turns)} questions, {len(turns) - len(answered)} without an answer")
    if len(answered) > 1:
        _print_figures(f"beyond the model's {model_seconds:.1f} s until the answer", answered)
    first = [one.first_word for one in turns if one.first_word is not None]
    if len(first) > 1:
        own = model_seconds - (1 - FIRST_SENTENCE) * model_seconds / PHASES
        _print_figures(
            f"beyond the model's {own:.1f} s until its first sentence is whole, until it is shown",
            [seconds - own for seconds in first],
        )
    print(f"  processor time of the service: {1000 * processor / len(turns):.0f} ms a turn")


def _print_figures(what: str, seconds: Sequence[float]) -> None:
    cuts = statistics.quantiles(seconds, n=20)
    print(f"  {what}: p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s, most {max(seconds):.2f} s")


async def until_killed(served: Served, how_many: int, after: float) -> list[Turn]:
    """A load with ratings, in whose middle the service is killed."""
    async with calling(served.url) as client:
        begun = await conversations(client, how_many)
        await turn(client, begun[0])
        asking = [asyncio.create_task(_again_and_again(client, one)) for one in begun]
        await asyncio.sleep(after)
        served.process.send_signal(signal.SIGKILL)
        served.process.wait()
        return [one for turns in await asyncio.gather(*asking) for one in turns]


async def _again_and_again(client: httpx.AsyncClient, conversation: str) -> list[Turn]:
    turns: list[Turn] = []
    while not turns or turns[-1].answered is not None:
        turns.append(await turn(client, conversation, rate=True))
    return turns


async def lost(url: str, turns: Sequence[Turn]) -> list[str]:
    """What was acknowledged and is not there."""
    missing: list[str] = []
    async with calling(url) as client:
        said: dict[str, Any] = {}
        for id in dict.fromkeys(one.conversation for one in turns):
            read = (await client.get(f"/api/conversations/{id}")).json()
            said |= {message["id"]: message for message in read.get("messages", [])}
        for one in turns:
            if one.accepted and one.question not in said:
                missing.append(f"question {one.question}")
            if one.answer and said.get(one.answer, {}).get("status") != "complete":
                missing.append(f"answer {one.answer}")
            if one.rated and (said.get(one.answer, {}).get("feedback") or {}).get("rating") != "up":
                missing.append(f"rating of {one.answer}")
    return missing


def kill(rounds: int, how_many: int, seconds: float) -> None:
    """Kill the service in the middle of a load, again and again, and look for what was acknowledged."""
    acknowledged = gone = 0
    with model_at(seconds) as model:
        for number in range(rounds):
            with home(model, how_many) as place:
                with service(place) as served:
                    after = 2 * PHASES * seconds + number / rounds
                    turns = asyncio.run(until_killed(served, how_many, after))
                with service(place) as served:
                    missing = asyncio.run(lost(served.url, turns))
            acknowledged += sum(one.accepted + bool(one.answer) + one.rated for one in turns)
            gone += len(missing)
            print(f"round {number + 1}: {len(turns)} questions, {len(missing)} lost {missing[:3]}", flush=True)
    print(f"{rounds} kills: {acknowledged} questions, answers and ratings were acknowledged, {gone} of them lost")


async def soak(served: Served, minutes: float, how_many: int) -> None:
    """Keep so many conversations going, and a program for each protocol; print the service's memory every minute."""
    watched, ends = psutil.Process(served.process.pid), perf_counter() + 60 * minutes
    counted = count()
    done = [0]

    async def talk(client: httpx.AsyncClient) -> None:
        while perf_counter() < ends:
            (conversation,) = await conversations(client, 1)
            for _ in range(3):
                found = await turn(client, conversation, rate=True)
                done[0] += found.answered is not None
                next(counted)
            await client.delete(f"/api/conversations/{conversation}")

    async def program(name: str, ask: Ask) -> None:
        while perf_counter() < ends:
            answered[name] += await ask()
            asked[name] += 1

    asked, answered = Counter[str](), Counter[str]()
    async with calling(served.url) as client, programs(served.url) as ways:
        talks = [asyncio.create_task(talk(client)) for _ in range(how_many)]
        talks += [asyncio.create_task(program(name, ask)) for name, ask in ways.items()]
        while perf_counter() < ends:
            await asyncio.sleep(min(60.0, max(0.0, ends - perf_counter())))
            by_programs = f"{answered.total()} to programs"
            print(
                f"{minutes - (ends - perf_counter()) / 60:5.1f} min  {resident(watched):7.1f} MB"
                f"  {done[0]} answers, {by_programs}"
            )
            sys.stdout.flush()
        await asyncio.gather(*talks)
    all_asked = next(counted)
    print(f"{all_asked} questions, {all_asked - done[0]} without an answer")
    for name in ways:
        print(f"  {name}: {asked[name]} questions, {asked[name] - answered[name]} without an answer")


def paint(url: str) -> None:
    """Milliseconds until the page shows something, in Debian's chromium; the best of five."""
    from playwright.sync_api import sync_playwright

    script = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        seen: list[float] = []
        for _ in range(5):
            page = browser.new_page()
            page.goto(url, wait_until="networkidle")
            seen.append(float(page.evaluate(script)))
            page.close()
        browser.close()
    print(f"first contentful paint: {min(seen):.0f} ms at best, {statistics.median(seen):.0f} ms in the middle of five")


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["load", "kill", "soak", "paint"])
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--questions", type=int, default=3, help="load: so many by each conversation")
    parser.add_argument("--burst", action="store_true", help="load: all begin in the same instant")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=30.0)
    given = parser.parse_args()
    if given.what == "kill":
        kill(given.rounds, given.conversations, given.seconds)
        return
    with (
        model_at(given.seconds) as model,
        home(model, given.conversations) as place,
        service(place) as served,
    ):
        if given.what == "load":
            within = 0.0 if given.burst else PHASES * given.seconds
            turns, processor = asyncio.run(load(served, given.conversations, given.questions, within))
            report_load(turns, processor, PHASES * given.seconds)
        elif given.what == "soak":
            asyncio.run(soak(served, given.minutes, given.conversations))
        else:
            paint(served.url)


if __name__ == "__main__":
    main()
