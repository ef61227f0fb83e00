"""Examples for the schema."""

TWO_ARMS = {
    "experiment_name": "ML against the rules",
    "description": "Does the forest sell more?",
    "control_method": "RULE_BASED",
    "treatment_method": "ML",
    "traffic_split": 0.5,
}
EXPERIMENT: dict[str, object] = {"id": 7, "experiment_name": "ML against the rules", "status": "RUNNING"}
METRICS: dict[str, object] = {"winner": "ML", "improvement": "23.3%"}
PLAN: dict[str, object] = {"leads": 31_000}
