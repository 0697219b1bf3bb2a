"""The routes of OpenAI's protocol."""

import asyncio
from time import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from starlette.requests import Request

from knowledge.card import EmbedderSpec
from serve.asking.answerers import Answerer
from serve.asking.once import Once, admitted, asked_once
from serve.http.event_stream import EventStream, held
from serve.http.language import speaking
from serve.openai.completing import Completing
from serve.openai.cutting import Cutting
from serve.openai.embedding import Embedding
from serve.openai.failures import DESCRIBED, ModelUnknown, OpenAIRoute
from serve.openai.requests import ChatRequest, EmbeddingRequest, check_supported, dialogue
from serve.openai.shapes import Completion, EmbeddingsShape, ModelShape, ModelsShape, model_shape
from serve.security.caller import Caller, asking, require
from serve.service import Service

STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/json": {}, "text/event-stream": {}},
        "description": "The completion; with `stream`, its pieces, the last of which has the field `refdesk`.",
    }
}


def openai_routes(service: Service) -> APIRouter:
    """Completions, models and embeddings; everything is read as the caller."""
    router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute, responses=DESCRIBED)
    embedding, began = Embedding(service.library), int(time())

    @router.post("/chat/completions", response_model=Completion, responses=STREAMED)
    async def complete(
        request: Request,
        body: ChatRequest,
        caller: Annotated[Caller, Depends(asking(service, "ask"))],
        language: Annotated[str, Depends(speaking(service))],
    ) -> Completion | Response:
        """Answer the last message in the light of those before it, with citations."""
        check_supported(body)
        said = dialogue(body.messages)
        service.guard.check_question(said.question)
        answerer = await asyncio.to_thread(known, service, body.model)
        by = service.answerers.answering(answerer, instructions=said.instructions, sampling=body.sampling)
        asked = asked_once(said.question, said.history, caller, "openai", language=language)
        root, cutting = service.shell.root, await asyncio.to_thread(cutting_of, service, body)
        if not body.stream:
            return await Completing(Once(service.reception, by, asked), body.model, root, cutting).whole(request)
        with held(service.guard.streams, caller) as holding:
            completing = Completing(await admitted(service.reception, by, asked), body.model, root, cutting)
            with_usage = bool(body.stream_options and body.stream_options.include_usage)
            return EventStream(completing.pieces(with_usage=with_usage), holding.pop_all())

    @router.get("/models")
    def models(caller: Annotated[Caller, Depends(require(service))]) -> ModelsShape:
        """The service itself, its agents and its banks, each as a model."""
        return ModelsShape(data=[model_shape(one, began) for one in service.answerers.all()])

    @router.get("/models/{model}")
    def model(
        model: Annotated[str, Path(max_length=200)], caller: Annotated[Caller, Depends(require(service))]
    ) -> ModelShape:
        """One of them."""
        return model_shape(known(service, model), began)

    @router.post("/embeddings")
    async def embeddings(
        body: EmbeddingRequest, caller: Annotated[Caller, Depends(asking(service, "search"))]
    ) -> EmbeddingsShape:
        """Vectors of texts, as the banks have them of theirs."""
        return await embedding.answer(body, service.banks)

    return router


def cutting_of(service: Service, body: ChatRequest) -> Cutting:
    """Where the client wants the text to end."""
    if body.most is None:
        return Cutting(body.stops)
    library, banks = service.library, service.banks
    embedder = library.bank(banks[0]).embedder if banks else library.embedder(EmbedderSpec())
    return Cutting(body.stops, body.most, embedder.tokens())


def known(service: Service, name: str) -> Answerer:
    """Whoever has that name; refused as OpenAI refuses a model that is none."""
    found = service.answerers.find(name)
    if found is None:
        raise ModelUnknown(name)
    return found
