"""Every error that agents raise on purpose, as one tree under `RefdeskError`; each says what the caller can do.

RefdeskError
├── ModelError                 a language model is missing, wrong or unreachable
│   ├── ModelTimeout           no answer in time: try again, or raise `timeout`
│   ├── RateLimited            too many requests: wait `retry_after` seconds
│   ├── ModelUnavailable       the server failed or cannot be reached: try again later
│   ├── EmptyAnswer            the model said nothing: ask again
│   ├── ModelRefused           the request itself is refused: trying again changes nothing
│   │   └── ContextOverflow    the conversation is too long: shorten it
│   └── IntegrationMissing     a package is not installed: the message names the command
├── AgentError
│   ├── AgentCallError         an agent's model failed while it replied: call it again, or another agent
│   ├── AgentInterrupted       the reply was stopped on request
│   ├── LoopExhausted          the agent used up its rounds
│   └── DistributionError      the worker of a distributed agent failed or cannot be reached
├── ToolError                  a tool is wrong, switched off, or failed
│   ├── ToolNotFound
│   ├── ToolInactive           its group is switched off: switch it on
│   ├── InvalidArguments       the arguments do not fit the schema
│   └── SandboxError           code could not be run within its limits
├── McpError                   an MCP server cannot be reached or failed
├── StateError                 a saved state does not fit
│   └── MissingState           it lacks something; a KeyError too
└── BudgetExceeded             a budget is used up: raise it, or stop
"""

from __future__ import annotations

from knowledge.errors import ModelError, RefdeskError

__all__ = [
    "AgentCallError",
    "AgentError",
    "AgentInterrupted",
    "BudgetExceeded",
    "ContextOverflow",
    "DistributionError",
    "EmptyAnswer",
    "IntegrationMissing",
    "InvalidArguments",
    "LoopExhausted",
    "McpError",
    "MissingState",
    "ModelError",
    "ModelRefused",
    "ModelTimeout",
    "ModelUnavailable",
    "RateLimited",
    "RefdeskError",
    "SandboxError",
    "StateError",
    "ToolError",
    "ToolInactive",
    "ToolNotFound",
]


class ModelTimeout(ModelError):
    """No answer in time; try again, or raise the model's `timeout`."""


class RateLimited(ModelError):
    """The server takes no more requests now; wait `retry_after` seconds where it says so."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class ModelUnavailable(ModelError):
    """The server failed or cannot be reached; try again, after `retry_after` seconds where it says so."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class EmptyAnswer(ModelError):
    """The model said nothing; ask again, or in other words."""


class ModelRefused(ModelError):
    """The request, the key or the model's name is refused; trying again changes nothing."""


class ContextOverflow(ModelRefused):
    """The conversation is longer than the model takes; shorten it."""


class IntegrationMissing(ModelError):
    """A package is not installed; the hint is the command that installs it."""


class AgentError(RefdeskError):
    """An agent cannot reply."""


class AgentCallError(AgentError):
    """The model of the agent `agent` failed while it replied; `__cause__` says why. Call again, or another agent."""

    def __init__(self, message: str, *, agent: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.agent = agent


class AgentInterrupted(AgentError):
    """The reply was stopped on request; what was done until then is in memory."""


class LoopExhausted(AgentError):
    """The agent used up its rounds without an answer; allow more, or ask for less."""


class DistributionError(AgentError):
    """The worker of a distributed agent failed or cannot be reached."""


class ToolError(RefdeskError):
    """A tool is wrong, switched off, or failed."""


class ToolNotFound(ToolError):
    """No tool has that name; the message lists those there are."""


class ToolInactive(ToolError):
    """The tool's group is switched off; switch it on to call the tool."""


class InvalidArguments(ToolError):
    """The arguments do not fit the tool's schema; the message names the argument and what was expected."""


class SandboxError(ToolError):
    """Code could not be run within its limits."""


class McpError(RefdeskError):
    """An MCP server cannot be reached, or failed."""


class StateError(RefdeskError):
    """A saved state cannot be read, or does not fit the object it is loaded into."""


class MissingState(StateError, KeyError):
    """A saved state lacks something; load it with `strict=False` to keep what is there."""


class BudgetExceeded(RefdeskError):
    """A budget is used up; raise its limit, or stop."""
