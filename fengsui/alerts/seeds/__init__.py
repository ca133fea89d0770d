"""What a new centre starts with. Data only; docs/alerts.md says why each number is what it is."""

from fengsui.alerts.seeds.plans import PLANS
from fengsui.alerts.seeds.policy import TIER_POLICY
from fengsui.alerts.seeds.rules import rules_for
from fengsui.alerts.seeds.severity import FLOORS, MATRIX, WEIGHTS

__all__ = ["FLOORS", "MATRIX", "PLANS", "TIER_POLICY", "WEIGHTS", "rules_for"]
