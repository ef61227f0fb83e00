"""Examples of the schema."""

CHANGE = {
    "dossier_id": 42,
    "org_id": "default",
    "from": {
        "id": 918273,
        "conversion_probability": 0.34,
        "model_version": "20240115143022",
        "method": "ML",
        "predicted_at": "2024-02-01T04:00:00Z",
    },
    "to": {
        "id": None,
        "conversion_probability": 0.41,
        "model_version": "20240115143022",
        "method": "ML",
        "predicted_at": "2024-02-04T09:30:00Z",
    },
    "difference": 0.07,
    "words": "From 34% to 41%, up by 7 points. Mostly: 2 new messages from the lead.",
    "parts": [
        {"part": "passage_of_time", "difference": -0.02, "words": "3 days passed", "joined_with": [], "features": []},
        {
            "part": "lead_data",
            "difference": 0.09,
            "words": "2 new messages from the lead",
            "joined_with": [],
            "features": [
                {
                    "feature": "inbound_messages_count",
                    "before": 1,
                    "after": 3,
                    "difference": 0.08,
                    "words": "2 new messages from the lead",
                }
            ],
        },
        {
            "part": "model_version",
            "difference": 0.0,
            "words": "Still scored by model 20240115143022",
            "joined_with": [],
            "features": [],
        },
        {"part": "recalibration", "difference": 0.0, "words": "Not recalibrated", "joined_with": [], "features": []},
    ],
}

_PARTS = [
    {"feature": "appointments_count", "value": 3, "contribution": 0.35, "reason": "3 appointments"},
    {"feature": "inbound_messages_count", "value": 4, "contribution": 0.25, "reason": "4 messages from the lead"},
    {"feature": "source", "value": "website", "contribution": 0.053, "reason": None},
]
PREDICTION = {
    "id": 918273,
    "dossier_id": 42,
    "org_id": "default",
    "prediction": 1,
    "conversion_probability": 0.8542,
    "probability_interval": [0.81, 0.89],
    "confidence": 0.92,
    "model_version": "20240115143022",
    "method": "ML",
    "recommended_action": "HIGH_PRIORITY",
    "base_probability": 0.2012,
    "feature_contributions": _PARTS,
    "experiment": {"id": 7, "name": "ML vs rules", "variant": "treatment"},
    "predicted_at": "2024-01-15T14:30:22Z",
    "outcome": None,
}
"""The contract's, with contributions that add up."""
_OF_A_LEAD = ("dossier_id", "experiment", "outcome")
SCORE = {name: value for name, value in PREDICTION.items() if name not in _OF_A_LEAD}
SERVICE_PREDICTION = SCORE | {"imputed_features": ["engagement_rate"]}
HISTORY = {"next": None, "previous": None, "results": [PREDICTION]}
OUTCOME = {"converted": True, "occurred_at": "2026-10-20T16:00:00Z", "revenue": 1234.5}
WHAT_IF = {name: value for name, value in SCORE.items() if name != "id"} | {
    "dossier_id": 42,
    "changes": {"appointments_count": 4},
    "followed": {"engagement_rate": 1.8},
    "present_probability": 0.81,
    "difference": 0.0442,
}
_PLAIN = [{name: part[name] for name in ("feature", "value", "contribution")} for part in _PARTS]
BATCH = {
    "results": [
        SERVICE_PREDICTION | {"index": 0, "feature_contributions": _PLAIN},
        {
            "index": 1,
            "errors": [{"code": "invalid", "detail": "must be a number.", "attr": "features.appointments_count"}],
        },
    ],
    "scored": 1,
    "failed": 1,
}
SCORE_JOB = {
    "id": "0b1f6d3e-9d4c-4f7b-8a43-5d0c9f8e2a11",
    "status": "RUNNING",
    "progress": 0.4,
    "total": 100_000,
    "scored": 40_000,
    "failed": 0,
    "rows_per_second": 21_000.0,
    "filter": {"source": "website"},
    "error": None,
    "created_at": "2026-10-20T02:00:00Z",
    "finished_at": None,
}
SCORE_JOB_QUEUED = SCORE_JOB | {"status": "QUEUED", "progress": 0.0, "scored": 0, "rows_per_second": None}
RANKED = {
    "next": None,
    "previous": None,
    "results": [
        {
            "dossier_id": 42,
            "status": "NEW",
            "source": "website",
            "region": "Lyon",
            "owner": "team-north",
            "created_at": "2026-10-01T09:00:00Z",
            "conversion_probability": 0.8542,
            "confidence": 0.92,
            "expected_value": 213550.0,
            "recommended_action": "HIGH_PRIORITY",
            "method": "ML",
            "model_version": "20240115143022",
            "prediction_id": 918273,
            "predicted_at": "2026-10-15T14:30:22Z",
            "reasons": ["3 appointments", "4 messages from the lead"],
        }
    ],
}
