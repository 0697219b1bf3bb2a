"""What any LlamaIndex integration raises, as errors that say what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agents.model.failures import ModelIdentity, broken_off, refusal, timed_out, unreachable
from knowledge.errors import ModelError, RefdeskError

if TYPE_CHECKING:
    from agents.model.chat import ChatModel

STATUS_NAMES = ("status_code", "code", "http_status")


def model_error(error: Exception, model: ChatModel) -> RefdeskError:
    """The error for what a provider's client raised: told apart by status, else by the name of its class."""
    if isinstance(error, RefdeskError):
        return error
    identity = identity_of(model)
    status = _status(error)
    if status is not None:
        return refusal(identity, status, _words(error), _headers(error))
    names = {base.__name__ for base in type(error).__mro__}
    if any("Timeout" in name for name in names):
        return timed_out(identity)
    if names & {"RemoteProtocolError", "IncompleteRead", "ReadError"}:
        return broken_off(identity)
    if any("Connect" in name for name in names):
        return unreachable(identity)
    return ModelError(f"{model.model_name} at {model.host} failed: {_words(error) or type(error).__name__}.")


def identity_of(model: ChatModel) -> ModelIdentity:
    """How errors name the model."""
    known = getattr(model, "identity", None)
    return known if isinstance(known, ModelIdentity) else ModelIdentity(model.model_name, model.host)


def _status(error: Exception) -> int | None:
    for name in STATUS_NAMES:
        status = getattr(error, name, None)
        if isinstance(status, int) and 400 <= status < 600:
            return status
    return None


def _headers(error: Exception) -> Mapping[str, str]:
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    return dict(headers) if headers else {}


def _words(error: Exception) -> str:
    return str(getattr(error, "message", None) or error)
