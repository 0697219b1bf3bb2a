"""What went wrong when a model was asked, as errors that say what to do and whether trying again helps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from agents.exceptions import ContextOverflow, ModelRefused, ModelTimeout, ModelUnavailable, RateLimited
from knowledge.errors import ModelError

SHOWN = 200
OVERFLOW = ("context length", "context_length", "context window", "maximum context", "too long", "too many tokens")
TOO_LONG = "ask a shorter question, or start a new chat."


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """A model's name and where it runs; `key_names` are the variables that hold its key."""

    name: str
    host: str
    has_key: bool = False
    key_name: str = "OPENAI_API_KEY"
    url_name: str = "OPENAI_BASE_URL"


def refusal(model: ModelIdentity, status: int, words: str, headers: Mapping[str, str]) -> ModelError:
    """The error for a response with the HTTP status `status`, whose body says `words`."""
    words = " ".join(words.split())[:SHOWN]
    wait = retry_after(headers)
    if status == 429:
        return _rate_limited(model, words, wait)
    if status in (408, 409) or status >= 500:
        sentence = f"{model.host} failed with HTTP status {status} ({words}):"
        return ModelUnavailable(sentence, hint="try again later.", retry_after=wait)
    if status == 401:
        return ModelRefused(f"{model.host} refuses the key:", hint=_key_hint(model))
    if status == 403:
        sentence = f"The key may not use {model.name} at {model.host}:"
        return ModelRefused(sentence, hint="use another model or another key.")
    if status == 404:
        sentence = f"{model.host} does not know the model {model.name}:"
        return ModelRefused(sentence, hint="check its name, and that the address ends in /v1.")
    return _wrong_request(model, status, words)


def timed_out(model: ModelIdentity) -> ModelError:
    """The error for an answer that did not come in time."""
    sentence = f"{model.name} at {model.host} gave no answer in time:"
    return ModelTimeout(sentence, hint="try again, or raise its `timeout` in refdesk.yaml.")


def unreachable(model: ModelIdentity) -> ModelError:
    """The error for a server that does not answer at all."""
    sentence = f"No model server can be reached at {model.host}:"
    return ModelUnavailable(sentence, hint="check the address, and that the server runs.")


def broken_off(model: ModelIdentity) -> ModelError:
    """The error for a stream that ends before its end."""
    return ModelUnavailable(f"{model.host} broke off its answer:", hint="try again.")


def unreadable(model: ModelIdentity, reason: str) -> ModelError:
    """The error for a reply in another protocol."""
    return ModelError(f"What {model.host} sent is no completion ({reason}):", hint="its address usually ends in /v1.")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """How many seconds a server asks to wait: by `retry-after-ms`, else `Retry-After` as seconds or as a date."""
    found = {name.lower(): value for name, value in headers.items() if name.lower().startswith("retry-after")}
    try:
        if "retry-after-ms" in found:
            return max(0.0, float(found["retry-after-ms"]) / 1000)
        return max(0.0, float(found["retry-after"])) if "retry-after" in found else None
    except ValueError:
        return _seconds_until(found.get("retry-after", ""))


def _seconds_until(date: str) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except ValueError:
        return None


def _rate_limited(model: ModelIdentity, words: str, wait: float | None) -> ModelError:
    sentence = f"{model.host} takes no more requests now ({words}):"
    hint = "wait a little, or check the quota."
    if "insufficient_quota" in words or "exceeded your current quota" in words:
        # Waiting does not fill an account.
        return ModelRefused(sentence, hint="check the quota and the billing of the account.")
    return RateLimited(sentence, hint=hint, retry_after=wait)


def _wrong_request(model: ModelIdentity, status: int, words: str) -> ModelError:
    lower = words.lower()
    if status in (400, 413, 422) and any(sign in lower for sign in OVERFLOW):
        return ContextOverflow(f"The conversation is too long for {model.name} ({words}):", hint=TOO_LONG)
    if status == 400 and "tool" in lower:
        hint = "set `function_calling: false` for it in refdesk.yaml."
        return ModelRefused(f"{model.name} takes no tools ({words}):", hint=hint)
    return ModelRefused(f"{model.host} refused the request with HTTP status {status}: {words}")


def _key_hint(model: ModelIdentity) -> str:
    if model.has_key:
        return f"check {model.key_name}."
    return f"set {model.key_name}, and {model.url_name} to the same address so that the key is sent there."
