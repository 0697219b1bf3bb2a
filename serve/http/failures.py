"""Failures over HTTP: one shape, one sentence, the right status."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from knowledge.errors import (
    BankBusy,
    BankNotFound,
    LimitExceeded,
    ModelError,
    ParseError,
    RefdeskError,
    StorageError,
    UsageError,
)
from serve.languages import language_for, said_in

logger = logging.getLogger(__name__)


class Refused(RefdeskError):
    """A request that is not carried out; `status` and `code` say why to a program."""

    def __init__(self, status: int, code: str, message: str, *, hint: str = "", retry_after: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.retry_after = retry_after


STATUS: tuple[tuple[type[RefdeskError], int, str], ...] = (
    (BankNotFound, 404, "bank_not_found"),
    (BankBusy, 409, "bank_busy"),
    (LimitExceeded, 413, "too_large"),
    (ParseError, 422, "unreadable"),
    (UsageError, 422, "wrong_usage"),
    (ModelError, 502, "model_failed"),
    (StorageError, 503, "storage_failed"),
)


def error_json(code: str, message: str, hint: str = "") -> dict[str, dict[str, str]]:
    """The body of every failure."""
    return {"error": {"code": code, "message": message, "hint": hint}}


def status_of(error: RefdeskError) -> tuple[int, str]:
    """The HTTP status of an error, and its name for programs."""
    if isinstance(error, Refused):
        return error.status, error.code
    return next(((status, code) for kind, status, code in STATUS if isinstance(error, kind)), (500, "failed"))


def failure_in(language: str, code: str, message: str, hint: str = "") -> dict[str, dict[str, str]]:
    """The body of a failure whose sentences are the service's own, in this language as far as it has words for them."""
    return error_json(code, said_in(language, message), said_in(language, hint))


def add_failure_handlers(app: FastAPI, languages: Sequence[str]) -> None:
    """Give every failure of `app` that shape, in one of these languages.

    What nobody expected is logged, and tells a caller nothing.
    """

    @app.exception_handler(RefdeskError)
    async def refused(request: Request, error: RefdeskError) -> JSONResponse:
        status, code = status_of(error)
        wait = getattr(error, "retry_after", None)
        headers = {"Retry-After": str(wait)} if wait else {}
        if status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = 'Bearer realm="refdesk"'
        language = language_for(request.headers.get("accept-language", ""), languages)
        return JSONResponse(failure_in(language, code, error.message, error.hint), status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return JSONResponse(error_json("invalid_request", f"{place}: {first['msg']}."), 422)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        phrase = HTTPStatus(error.status_code).phrase
        code = phrase.lower().replace(" ", "_").replace("-", "_")
        return JSONResponse(error_json(code, str(error.detail or phrase)), error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        language = language_for(request.headers.get("accept-language", ""), languages)
        return JSONResponse(failure_in(language, "failed", "Something went wrong here.", "Try again."), 500)
