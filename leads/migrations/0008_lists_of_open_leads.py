"""Marks the scores of leads that were decided before there were marks, and sorts lists of open leads by an index.

Nobody waits for it: it marks some thousand leads at a time, and indexes are made while rows come in. Where it was
interrupted, it goes on.
"""

from django.db import migrations, models

AT_ONCE = 10_000
# The outcomes are locked until they are marked: one that is being superseded is waited for, and then looked at again.
MARK = """
WITH decided AS (
    SELECT org_id, dossier_id FROM lead_outcome
    WHERE superseded_at IS NULL AND dossier_id > %(above)s ORDER BY dossier_id LIMIT %(at_once)s FOR SHARE
), marked AS (
    INSERT INTO lead_score (org_id, dossier_id, is_decided)
    SELECT org_id, dossier_id, true FROM decided ORDER BY dossier_id
    ON CONFLICT (dossier_id) DO UPDATE SET is_decided = true WHERE NOT lead_score.is_decided
)
SELECT max(dossier_id) FROM decided
"""
NEW = {
    "lead_score_list_probability": ("lead_score", "org_id, is_decided, probability DESC, dossier_id"),
    "lead_score_list_value": ("lead_score", "org_id, is_decided, expected_value DESC, dossier_id"),
    "dossier_org_source": ("dossier", "org_id, source"),
    "dossier_org_region": ("dossier", "org_id, region"),
    "dossier_org_owner": ("dossier", "org_id, owner"),
    "dossier_org_status": ("dossier", "org_id, status"),
}
OLD = {
    "lead_score_by_probability": ("lead_score", "org_id, probability DESC, dossier_id"),
    "lead_score_by_value": ("lead_score", "org_id, expected_value DESC, dossier_id"),
}


def mark(apps, editor):
    above = 0
    with editor.connection.cursor() as cursor:
        while above is not None:
            cursor.execute(MARK, {"above": above, "at_once": AT_ONCE})
            (above,) = cursor.fetchone()


def make(name, table, columns):
    """A half-made one of an attempt that was interrupted goes first."""
    return [f"DROP INDEX CONCURRENTLY IF EXISTS {name}", f"CREATE INDEX CONCURRENTLY {name} ON {table} ({columns})"]


def drop(name):
    return [f"DROP INDEX CONCURRENTLY IF EXISTS {name}"]


def index(table, name, *fields):
    return migrations.AddIndex(table, models.Index(fields=fields, name=name))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0007_decided")]

    operations = [
        migrations.RunPython(mark, migrations.RunPython.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL("ANALYZE lead_score", migrations.RunSQL.noop),  # how many are decided
                *(migrations.RunSQL(make(name, *what), drop(name)) for name, what in NEW.items()),
                *(migrations.RunSQL(drop(name), make(name, *what)) for name, what in OLD.items()),
            ],
            state_operations=[
                migrations.RemoveIndex("leadscore", "lead_score_by_probability"),
                migrations.RemoveIndex("leadscore", "lead_score_by_value"),
                index("leadscore", "lead_score_list_probability", "org_id", "is_decided", "-probability", "dossier"),
                index("leadscore", "lead_score_list_value", "org_id", "is_decided", "-expected_value", "dossier"),
                index("dossier", "dossier_org_source", "org_id", "source"),
                index("dossier", "dossier_org_region", "org_id", "region"),
                index("dossier", "dossier_org_owner", "org_id", "owner"),
                index("dossier", "dossier_org_status", "org_id", "status"),
            ],
        ),
    ]
