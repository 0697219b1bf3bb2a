"""Where finished plans are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod

from agents.plan.plan import Plan
from agents.session.state import StateModule


class PlanStorageBase(StateModule, ABC):
    """Keeps plans by id."""

    @abstractmethod
    async def add_plan(self, plan: Plan, override: bool = True) -> None:
        """Keep a plan; raises `ValueError` for an id that is known unless it may be overridden."""

    @abstractmethod
    async def delete_plan(self, plan_id: str) -> None:
        """Forget a plan; one that is unknown is no error."""

    @abstractmethod
    async def get_plans(self) -> list[Plan]:
        """All plans, oldest first."""

    @abstractmethod
    async def get_plan(self, plan_id: str) -> Plan | None:
        """The plan with that id, None where there is none."""


class InMemoryPlanStorage(PlanStorageBase):
    """Plans in this process, saved with the state."""

    def __init__(self) -> None:
        super().__init__()
        self._plans: dict[str, Plan] = {}
        self.register_state(
            "_plans",
            lambda plans: {name: plan.model_dump(mode="json") for name, plan in plans.items()},
            lambda data: {name: Plan.model_validate(plan) for name, plan in data.items()},
        )

    async def add_plan(self, plan: Plan, override: bool = True) -> None:
        if plan.id in self._plans and not override:
            raise ValueError(f"A plan with the id {plan.id} is kept already.")
        self._plans[plan.id] = plan

    async def delete_plan(self, plan_id: str) -> None:
        self._plans.pop(plan_id, None)

    async def get_plans(self) -> list[Plan]:
        return list(self._plans.values())

    async def get_plan(self, plan_id: str) -> Plan | None:
        return self._plans.get(plan_id)
