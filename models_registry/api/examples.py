"""Examples of the schema."""

METRICS = {"precision": 0.61, "recall": 0.52, "f1": 0.56, "roc_auc": 0.83, "accuracy": 0.87}
VERSION = {
    "version": "20260115143022",
    "is_active": True,
    "created_at": "2026-01-15T14:30:22Z",
    "metrics": METRICS,
    "algorithm": "random_forest",
    "notes": "after the spring campaign",
    "archived": False,
}
IMPORTANCE = {"feature": "appointments_count", "importance": 0.31}
INFO = VERSION | {
    "features": [
        {
            "name": "appointments_count",
            "kind": "numeric",
            "unit": "appointments",
            "meaning": "Appointments so far",
            "low": 0,
            "high": None,
            "influenceable": True,
        }
    ],
    "importance": [IMPORTANCE],
    "thresholds": {
        "high_probability": 0.7,
        "high_confidence": 0.8,
        "medium_probability": 0.5,
        "medium_confidence": 0.7,
        "nurture_probability": 0.3,
    },
    "trained_from": "2025-07-15T00:00:00Z",
    "trained_until": "2026-01-15T00:00:00Z",
    "records": {"converted": 312, "lost": 1288},
    "card": {"algorithm": "random_forest", "seed": 7, "metrics": METRICS},
    "digest": "3f" * 32,
    "created_by": "crm",
}
"""Of one feature, and the beginning of a card."""
RUN_ID = "0b1f6d3e-9d4c-4f7b-8a43-5d0c9f8e2a11"
RUN_STARTED = {"run_id": RUN_ID, "status": "QUEUED", "status_url": f"/api/ml/model/train/{RUN_ID}"}
RUN = {
    "run_id": RUN_ID,
    "status": "SUCCEEDED",
    "stage": "done",
    "progress": 1.0,
    "messages": [{"at": "2026-01-15T14:30:02Z", "stage": "reading", "text": "1,600 leads with an outcome."}],
    "version": VERSION["version"],
    "activated": True,
    "verdict": "Better than the version before on the newest leads.",
    "reason": "Better than the version before on the newest leads.",
    "checks": [{"name": "schema", "passed": True, "words": "Reads what it learnt from.", "evidence": {}}],
    "counts": INFO["records"],
    "algorithm": "auto",
    "notes": VERSION["notes"],
    "trigger": "API",
    "because": "",
    "started_by": "crm",
    "created_at": "2026-01-15T14:30:00Z",
    "started_at": "2026-01-15T14:30:01Z",
    "finished_at": "2026-01-15T14:30:22Z",
}
