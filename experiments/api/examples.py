"""Examples for the schema."""

from typing import Any

A_B_TEST: dict[str, Any] = {
    "experiment_name": "ML against the rules",
    "description": "Does the forest sell more?",
    "control_method": "RULE_BASED",
    "treatment_method": "ML",
    "traffic_split": 0.5,
}
EXPERIMENT: dict[str, Any] = A_B_TEST | {
    "id": 7,
    "status": "RUNNING",
    "variants": [
        {"name": "control", "method": "RULE_BASED", "share": 0.5},
        {"name": "treatment", "method": "ML", "share": 0.5},
    ],
    "population": {},
    "coverage": 1.0,
    "attribution_days": 30,
    "revenue_cap": 0.99,
    "planned_leads": None,
    "guardrails": {"revenue_margin": 0.1, "response_margin": 0.25, "stop_on_breach": False},
    "iteration": 1,
    "previous": None,
    "salt": "9f2c41d07be3a658",
    "design": {"unit": "lead", "hash": "growthbook-v2", "primary_metric": "conversion"},
    "design_hash": "3f" * 32,
    "created_at": "2026-10-01T09:00:00Z",
    "created_by": "crm",
    "started_at": "2026-10-01T09:00:00Z",
    "enrolment_closed_at": None,
    "stopped_at": None,
    "decision": None,
    "decided_by": None,
    "decision_reason": "",
}
METRICS: dict[str, Any] = {
    "control_metrics": {
        "method": "RULE_BASED",
        "total_predictions": 1000,
        "leads": 1000,
        "conversions": 150,
        "conversion_rate": 0.15,
    },
    "treatment_metrics": {
        "method": "ML",
        "total_predictions": 1000,
        "leads": 1000,
        "conversions": 185,
        "conversion_rate": 0.185,
    },
    "winner": None,
    "improvement": "23.3%",
    "reason": "NOT_ENOUGH_DATA",
    "words": "Keep running: about 9 more days, 1,240 more leads.",
}
PLAN: dict[str, Any] = {
    "baseline_rate": 0.15,
    "smallest_lift": 0.15,
    "power": 0.8,
    "horizon": "SEQUENTIAL",
    "leads": 15266,
    "leads_control": 7633,
    "leads_treatment": 7633,
    "leads_otherwise": 8391,
    "leads_per_day": 400.0,
    "days_to_enrol": 39,
    "days": 69,
    "reason": None,
    "warnings": [],
}
STOPPED: dict[str, Any] = EXPERIMENT | {
    "status": "STOPPED",
    "stopped_at": "2026-11-30T09:00:00Z",
    "decision": "SHIP",
    "decided_by": "crm",
    "decision_reason": "A winner.",
}
ACTS: list[dict[str, Any]] = [
    {"act": "start", "by": "crm", "at": "2026-10-01T09:00:00Z", "from": "DRAFT", "to": "RUNNING", "reason": ""}
]
SELF_TEST: dict[str, Any] = {
    "leads": 10_000,
    "experiments": 500,
    "looks": 100,
    "always_valid": 0.012,
    "fixed_at_every_look": 0.384,
    "fixed_once": 0.052,
    "sample_ratio_alarm": 0.002,
    "reason": None,
}
