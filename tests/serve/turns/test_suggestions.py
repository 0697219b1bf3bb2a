"""Questions to begin with, found in the banks."""

from __future__ import annotations

from serve.service import Service
from serve.turns.suggestions import Suggestions


def test_what_is_suggested_is_open_to_everybody_and_answered(service: Service) -> None:
    assert service.suggestions.questions == ()
    service.suggestions.look(service.banks)
    found = service.suggestions.questions
    assert found
    for question in found:
        answer = service.library.ask(question, banks=service.banks)
        assert not answer.abstained
        assert "Internal" not in question


def test_what_is_configured_is_suggested_as_it_is(service: Service) -> None:
    suggestions = Suggestions(service.library, ["How?"])
    suggestions.look(service.banks)
    assert suggestions.questions == ("How?",)
