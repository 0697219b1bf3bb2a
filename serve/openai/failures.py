"""Failures in the shape that clients of OpenAI's protocol know."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from knowledge.errors import RefdeskError
from serve.http.failures import Refused, status_of

KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}
SERVER = "server_error"


class OpenAIFailureDetail(BaseModel):
    """Why a request was not carried out."""

    message: str
    type: str
    param: str | None = Field(description="The parameter that is wrong.")
    code: str | None


class OpenAIFailure(BaseModel):
    """The body of every failure."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "message": "There is no model 'gpt-9'. `GET /v1/models` lists all.",
                        "type": "not_found_error",
                        "param": "model",
                        "code": "model_not_found",
                    }
                }
            ]
        }
    )

    error: OpenAIFailureDetail


DESCRIBED: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": OpenAIFailure, "description": "The request is wrong, refused, or comes too soon."},
    "5XX": {"model": OpenAIFailure, "description": "The service, or the language model behind it, failed."},
}


class ModelUnknown(Refused):
    """Nobody has that name: `GET /v1/models` lists all."""

    def __init__(self, name: str) -> None:
        super().__init__(
            404, "model_not_found", f"There is no model {name[:200]!r}.", hint="`GET /v1/models` lists all."
        )


class OpenAIRoute(APIRoute):
    """A route whose failures have that shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with what it raises turned into a response."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RefdeskError as error:
                wait = getattr(error, "retry_after", None)
                status = status_of(error)[0]
                headers = {"Retry-After": str(wait)} if wait else None
                return JSONResponse(failure_json(error), 400 if status == 422 else status, headers)
            except RequestValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"][1:]) or "body"
                body = failure_body(400, f"{place}: {first['msg']}.", param=place, code="invalid_request")
                return JSONResponse(body, 400)
            except HTTPException as error:
                body = failure_body(error.status_code, str(error.detail), param=None, code="invalid_request")
                return JSONResponse(body, error.status_code, error.headers)

        return handled


def failure_json(error: RefdeskError) -> dict[str, Any]:
    """An error as the body of a response, or as an event of a stream."""
    status, code = status_of(error)
    # What is refused because of one parameter carries the parameter's name.
    param = code if status == 400 else "model" if isinstance(error, ModelUnknown) else None
    return failure_body(status, error.sentence, param=param, code="invalid_request" if param == code else code)


def failure_body(status: int, message: str, *, param: str | None, code: str) -> dict[str, Any]:
    """The shape itself."""
    return {"error": {"message": message, "type": KINDS.get(status, SERVER), "param": param, "code": code}}
