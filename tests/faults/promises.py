"""What must hold in the database after each fault, asked of the database itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection

from tests.faults.installation import Failed

ALWAYS = {
    "more than one version is active": """
        SELECT org_id, count(*) FROM ml_model_version WHERE is_active GROUP BY 1 HAVING count(*) <> 1""",
    "no version is active any more": """
        SELECT 1 WHERE NOT EXISTS (SELECT FROM ml_model_version WHERE is_active)""",
    "a version is there without its whole artefact": """
        SELECT v.version FROM ml_model_version v LEFT JOIN ml_model_artefact a ON a.version_id = v.id
        WHERE v.archived_at IS NULL AND (a.content IS NULL OR encode(sha256(a.content), 'hex') <> v.digest)""",
    "what is active is not what the ledger says": """
        SELECT v.version FROM ml_model_version v WHERE v.is_active AND v.version <> (
            SELECT version FROM ml_activation a WHERE a.org_id = v.org_id ORDER BY number DESC LIMIT 1)""",
    "a version has no run that succeeded, or a run no version": """
        SELECT r.id FROM ml_training_run r LEFT JOIN ml_model_version v ON v.id = r.version_id
        WHERE (r.status = 'SUCCEEDED') <> (v.id IS NOT NULL)
        UNION ALL SELECT NULL FROM ml_model_version v
        WHERE NOT EXISTS (SELECT FROM ml_training_run r WHERE r.version_id = v.id)""",
    "two runs are open": """
        SELECT org_id FROM ml_training_run WHERE status IN ('QUEUED', 'RUNNING') GROUP BY 1 HAVING count(*) > 1""",
    "a current score's prediction is not there": """
        SELECT s.dossier_id FROM lead_score s LEFT JOIN ml_prediction p ON p.id = s.prediction_id
        WHERE s.prediction_id IS NOT NULL AND p.id IS NULL""",
    "chunks say more or fewer than what was stored": """
        SELECT * FROM (SELECT (SELECT coalesce(sum(scored), 0) FROM ml_score_chunk) AS said,
            (SELECT count(*) FROM ml_prediction WHERE batch_id IS NOT NULL AND dossier_id > 0) AS stored) AS both_sides
        WHERE said <> stored""",
    "a job succeeded with chunks undone": """
        SELECT j.id FROM ml_score_job j JOIN ml_score_chunk c ON c.job_id = j.id
        WHERE j.status = 'SUCCEEDED' AND c.scored IS NULL""",
    "a prediction was made by a version that is not there": """
        SELECT DISTINCT p.model_version FROM ml_prediction p
        WHERE p.model_version IS NOT NULL AND NOT EXISTS (
            SELECT FROM ml_model_version v WHERE v.org_id = p.org_id AND v.version = p.model_version)""",
}
UNHEARD = """
SELECT kind, id, status, heard FROM (
    SELECT 'training' AS kind, id, status, coalesce(heartbeat_at, created_at) AS heard FROM ml_training_run
    UNION ALL SELECT 'score job', id, status, coalesce(heartbeat_at, created_at) FROM ml_score_job) jobs
WHERE status IN ('QUEUED', 'RUNNING') AND heard < %s
"""
OPEN = """
SELECT 'training' FROM ml_training_run WHERE status IN ('QUEUED', 'RUNNING')
UNION ALL SELECT 'score job' FROM ml_score_job WHERE status IN ('QUEUED', 'RUNNING')
"""


def rows(sql: str, parameters: Any = None) -> list[Any]:
    """What a statement answers, on a connection of its own: the last one may have been killed."""
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def assert_always() -> None:
    """What must hold at every moment. Raises Failed."""
    for words, sql in ALWAYS.items():
        found = rows(sql)
        if found:
            raise Failed(f"{words}: {found[:5]}")


def unheard(since: datetime) -> list[Any]:
    """Jobs that are open and of which nobody has heard since: their workers, or who sends their tasks again."""
    return rows(UNHEARD, [since])


def assert_kept(told: Any, numbers: list[int]) -> None:
    """Nothing that was answered is lost or doubled, now that nobody is asking. Raises Failed."""
    stored = {
        row[0]: row[1:]
        for row in rows(
            "SELECT p.id, d.number, p.conversion_probability, p.model_version FROM ml_prediction p "
            "JOIN dossier d ON d.id = p.dossier_id WHERE p.batch_id IS NULL AND d.number = ANY(%s)",
            [numbers],
        )
    }
    answered = {
        each["id"]: (each["dossier_id"], each["conversion_probability"], each["model_version"])
        for each in told.predictions.values()
    }
    lost = [key for key, value in answered.items() if stored.get(key) != value]
    if lost:
        raise Failed(f"{len(lost)} predictions that were answered 200 are not stored so: {lost[:5]}")
    if len(answered) != len(told.predictions) or len(stored) != len(answered):
        raise Failed(f"{len(told.predictions)} predictions answered, {len(stored)} stored: some are doubled")
    _assert_told(told)


def _assert_told(told: Any) -> None:
    events = rows("SELECT external_id, count(*) FROM lead_event WHERE external_id LIKE 'fault-%%' GROUP BY 1", [])
    if dict(events) != dict.fromkeys(told.events, 1):
        raise Failed(f"{len(told.events)} events told, {sum(count for _, count in events)} stored")
    current = rows(
        "SELECT d.number, o.converted FROM lead_outcome o JOIN dossier d ON d.id = o.dossier_id "
        "WHERE o.superseded_at IS NULL AND d.number = ANY(%s)",
        [list(told.outcomes)],
    )
    if sorted(current) != sorted(told.outcomes.items()):
        raise Failed("the current outcomes are not those that were told last")
