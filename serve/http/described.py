"""What the OpenAPI document says of failures: one shape, with what each status means and an example."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class FailureDetail(BaseModel):
    """Why a request was not carried out."""

    code: str = Field(description="What happened, for programs.")
    message: str = Field(description="What happened, as a sentence.")
    hint: str = Field(description="What to do; may be empty.")


class Failure(BaseModel):
    """The body of every failure."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "bank_not_found",
                        "message": "There is no bank 'hrr'.",
                        "hint": "`GET /api/banks` lists all.",
                    }
                }
            ]
        }
    )

    error: FailureDetail


MEANING = {
    400: "The request cannot be read, or asks for a host that this service does not answer for.",
    401: "Nobody known calls: send a key as `Authorization: Bearer rd_...`.",
    403: "The caller is known and lacks a scope, or the request seems to come from another site's page.",
    404: "There is no such thing, or not for this caller.",
    409: "Somebody else is changing the same thing: try again.",
    410: "It was there and is there no longer.",
    413: "The request holds more than is taken.",
    416: "The file has no such range.",
    422: "Something in the request is not as described.",
    429: "Too many requests: `Retry-After` says how many seconds to wait.",
    500: "Something went wrong in the service; its log says what.",
    502: "The language model could not be reached, or refused.",
    504: "The answer took too long.",
    503: "The service cannot write or start what it needs; try again later.",
}
EVERYWHERE = (400, 401, 403, 413, 422, 429, 500, 503)


# Said beside the model, which FastAPI takes for what the route itself sends, such as events.
AS_JSON = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The failures of a route: these, and those that every route may have."""
    return {
        status: {"model": Failure, "description": MEANING[status], "content": deepcopy(AS_JSON)}
        for status in sorted({*statuses, *EVERYWHERE})
    }
