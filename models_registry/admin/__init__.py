"""What staff see and do in this room, one subject a file."""

from models_registry.admin.policies import AlarmAdmin, ModelActivationAdmin, PolicyAdmin
from models_registry.admin.releases import ReleasedAttributeAdmin
from models_registry.admin.rules import ScoringRuleAdmin
from models_registry.admin.runs import TrainingRunAdmin
from models_registry.admin.versions import ModelVersionAdmin

__all__ = [
    "AlarmAdmin",
    "ModelActivationAdmin",
    "ModelVersionAdmin",
    "PolicyAdmin",
    "ReleasedAttributeAdmin",
    "ScoringRuleAdmin",
    "TrainingRunAdmin",
]
