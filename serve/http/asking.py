"""Asking and searching, for programs."""

import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from starlette.requests import Request

from knowledge.errors import BankNotFound, RefdeskError
from serve.asking.once import Once, Said, admitted, asked_once
from serve.http.answer_shapes import (
    AnswerShape,
    AskShape,
    PassagesShape,
    SearchShape,
    answer_shape,
    passage_shape,
)
from serve.http.described import described
from serve.http.event_stream import PING, PING_SECONDS, EventStream, frame, held
from serve.http.failures import failure_in, status_of
from serve.http.language import speaking
from serve.http.presence import reply_to
from serve.security.caller import Caller, asking
from serve.service import Service
from serve.turns.events import Delta

logger = logging.getLogger(__name__)
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/json": {}, "text/event-stream": {}},
        "description": "The answer; with `stream`, events `progress`, `delta`, `answer` or `error`, `end`.",
    }
}


def asking_routes(service: Service) -> APIRouter:
    """Routes that make the service think; everything is read as the caller."""
    router = APIRouter(tags=["asking"])

    @router.post("/api/ask", response_model=AnswerShape, responses=described(404, 502, 504) | STREAMED)
    async def ask(
        request: Request,
        body: AskShape,
        caller: Annotated[Caller, Depends(asking(service, "ask"))],
        language: Annotated[str, Depends(speaking(service))],
    ) -> AnswerShape | Response:
        """Answer a question from the documents with citations, or say that they do not answer it."""
        service.guard.check_question(body.question)
        by = service.answerers.over(body.banks, instructions=body.instructions)
        history = [Said(one.role, one.text) for one in body.history]
        asked = asked_once(body.question, history, caller, "api", language=language)
        if body.stream:
            with held(service.guard.streams, caller) as holding:
                once = await admitted(service.reception, by, asked)
                return EventStream(_events(service, once, language), holding.pop_all())
        async with Once(service.reception, by, asked) as once:
            return answer_shape(await reply_to(request, once), once.taken, once.kept, service.shell.root)

    @router.post("/api/search", responses=described(404))
    def search(body: SearchShape, caller: Annotated[Caller, Depends(asking(service, "search"))]) -> PassagesShape:
        """The passages that fit a query best."""
        banks = body.banks if body.banks is not None else list(service.banks)
        if unserved := [name for name in banks if name not in service.banks]:
            raise BankNotFound(f"There is no bank {unserved[0]!r}.", hint="`GET /api/banks` lists all.")
        found = service.library.search(
            body.query, k=body.k, banks=banks, reader=caller.reader, filters=body.filters, history=body.history
        )
        root = service.shell.root
        return PassagesShape(passages=[passage_shape(one, root, explain=body.explain) for one in found])

    return router


async def _events(service: Service, once: Once, language: str) -> AsyncIterator[bytes]:
    """What happens, and in the end the answer or why there is none."""
    async with once:
        async for event in once.events(every=PING_SECONDS):
            if event is None:
                yield PING
            elif isinstance(event, Delta):
                yield frame("delta", {"text": event.text})
            else:
                yield frame("progress", {"stage": event.stage, "label": event.label, "detail": dict(event.detail)})
        try:
            answer = answer_shape(await once.reply(), once.taken, once.kept, service.shell.root)
            yield frame("answer", answer.model_dump(mode="json"))
        except RefdeskError as error:
            yield frame("error", failure_in(language, status_of(error)[1], error.message, error.hint))
        except Exception as error:  # the edge of a stream: it ends with one sentence, and the log has the cause
            logger.error("a question failed", exc_info=error)
            yield frame("error", failure_in(language, "failed", "Something went wrong here.", "Try again."))
    yield frame("end", {})
