"""In which of its languages the service speaks to whoever calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Header

from serve.languages import language_for
from serve.service import Service

Wanted = Annotated[str, Header(max_length=1_000, description="In which of its languages the service speaks.")]


def speaking(service: Service) -> Callable[..., str]:
    """A dependency: the language of the request's header Accept-Language, else the service's first."""

    def language(accept_language: Wanted = "") -> str:
        return language_for(accept_language, service.settings.languages)

    return language
