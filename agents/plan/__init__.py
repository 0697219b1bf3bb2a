"""Plans for long tasks: what is to be done, how far it is, and the tools with which an agent keeps them."""

from __future__ import annotations

from agents.plan.hints import PlanHints
from agents.plan.notebook import PlanNotebook
from agents.plan.plan import Plan, SubTask
from agents.plan.storage import InMemoryPlanStorage, PlanStorageBase

__all__ = ["InMemoryPlanStorage", "Plan", "PlanHints", "PlanNotebook", "PlanStorageBase", "SubTask"]
