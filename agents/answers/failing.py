"""How a failure is told to whoever asks a model by way of an agent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agents.exceptions import AgentCallError
from knowledge.errors import ModelError


@contextmanager
def failures_of_models() -> Iterator[None]:
    """Within, the failure of an agent's model is raised as the model's own: nobody who asks here knows of the agent."""
    try:
        yield
    except AgentCallError as error:
        if isinstance(error.__cause__, ModelError):
            raise error.__cause__ from error.__cause__.__cause__
        raise
