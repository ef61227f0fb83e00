"""Longer examples of the schema."""

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
