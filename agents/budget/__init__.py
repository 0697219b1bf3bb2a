"""Budgets over tokens, cost, calls and time."""

from agents.budget.limits import Limits
from agents.budget.tracking import BudgetManager

__all__ = ["BudgetManager", "Limits"]
