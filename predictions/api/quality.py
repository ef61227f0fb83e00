"""The doors that say whether the active version keeps its word, under `/api/ml/model/`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from common.views import ContractView
from leads.models import Organisation
from models_registry.learning.realised import FIGURES
from predictions.api import quality_shapes as shapes
from predictions.living import living_of

READ = "models:read"
BAND = {"said": 0.3, "leads": 100, "converted": 28, "rate": 0.28, "low": 0.2, "high": 0.37, "holds": True}
POINT = {
    "from": "2026-06-01",
    "leads": 100,
    "converted": 28,
    "rate": 0.28,
    "low": 0.2,
    "high": 0.37,
    "expected": 0.3,
    "roc_auc": 0.71,
    "log_loss": 0.55,
}
WINDOW: dict[str, Any] = {
    "window_days": 30,
    "since": "2026-06-01T00:00:00Z",
    "until": "2026-07-01T00:00:00Z",
    "leads": 100,
    "converted": 28,
    "base_rate": 0.28,
    "expected": 0.3,
    "roc_auc": 0.71,
    "roc_auc_interval": [0.6, 0.8],
    "log_loss": 0.55,
    "brier": 0.18,
    "accuracy": 0.74,
    "calibration_error": 0.02,
    "calibration_p": 0.7,
    "bands": [BAND],
    "series": {"step": "week", "points": [POINT]},
    "capped": False,
    "reasons": {},
}
GIVEN = {name: WINDOW[name] for name in ("leads", "expected", *FIGURES)} | {"reasons": {}}
SHADOW = {
    "version": "20260701020000",
    "realised": [WINDOW | {"roc_auc": 0.74, "log_loss": 0.53, "expected": 0.29, "given": GIVEN}],
}
HEAD = {"version": "20260601020000", "measured_at": "2026-08-30T05:00:00Z", "reason": None}
MOVED = {
    "feature": "amount",
    "verdict": "moved",
    "words": ["Amount: more leads above 20,000 than in training (31 % instead of 12 %)"],
    "psi": {"psi": 0.28, "critical": 0.05, "expected": 0.02, "p": 0.000001, "bins": 10},
    "missing": {"reference": 0.1, "now": 0.12, "p": 0.4},
    "unseen": None,
    "reason": None,
}
DRIFT = {
    "window_days": 30,
    "since": "2026-07-31T05:00:00Z",
    "until": "2026-08-30T05:00:00Z",
    "leads": 500,
    "snapshots": 1400,
    "features": [MOVED],
    "score": None,
    "reasons": {},
}


class ModelQuality(ContractView):
    """What was said, against what happened."""

    required_scope = READ

    @extend_schema(
        responses=shapes.QualityOut,
        tags=["models"],
        examples=[
            OpenApiExample(
                "Measured",
                HEAD
                | {"horizon_days": 60, "realised": [WINDOW], "every_model": [], "shadow": SHADOW}
                | {"rehearsed": None, "estimated": None},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Realised ROC-AUC, log loss and calibration of the active version over sliding windows, as measured last.

        Only predictions made at least a horizon ago are judged, each lead once a window; of younger ones `estimated`
        says what is to be expected. A shadow's figures stand beside those of what was given for the same leads. What
        cannot be computed is null, with the code of the reason in `reasons`.
        """
        org = Organisation.get(self.caller.org_id)
        return Response(living_of(org.org_id).quality_json(org))


class ModelDrift(ContractView):
    """What moved since training."""

    required_scope = READ

    @extend_schema(
        responses=shapes.DriftOut,
        tags=["models"],
        examples=[OpenApiExample("One feature moved", HEAD | {"drift": DRIFT}, response_only=True)],
    )
    def get(self, request: Request) -> Response:
        """The newest leads against those of training: each feature and the score, strongest shift first, in words."""
        return Response(living_of(self.caller.org_id).drift_json())
