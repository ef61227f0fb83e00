"""What staff see and do in this room, one subject a file."""

from models_registry.admin.releases import ReleasedAttributeAdmin
from models_registry.admin.rules import ScoringRuleAdmin
from models_registry.admin.runs import TrainingRunAdmin
from models_registry.admin.versions import ModelVersionAdmin

__all__ = ["ModelVersionAdmin", "ReleasedAttributeAdmin", "ScoringRuleAdmin", "TrainingRunAdmin"]
