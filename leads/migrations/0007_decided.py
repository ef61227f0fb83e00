"""A lead's current score says whether the lead is decided, so that lists of open leads pass over nobody.

Kept by triggers on outcomes, whoever writes them. Where a lead is decided before it is scored, they make the row that
its score will stand in: so whoever of two at once makes it first, the other waits for it and finds it.
"""

from django.db import migrations, models

MARK = """
CREATE FUNCTION lead_outcome_marks_scores() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'INSERT' THEN
        -- In the order of keys, as scores are stored: two at once wait for each other in one order.
        WITH reopened AS (
            SELECT s.id FROM lead_score s
            WHERE s.is_decided AND s.dossier_id IN (SELECT dossier_id FROM old_rows WHERE superseded_at IS NULL)
              AND NOT EXISTS (
                  SELECT FROM lead_outcome o WHERE o.dossier_id = s.dossier_id AND o.superseded_at IS NULL)
            ORDER BY s.dossier_id FOR NO KEY UPDATE OF s)
        UPDATE lead_score SET is_decided = false FROM reopened WHERE lead_score.id = reopened.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO lead_score (org_id, dossier_id, is_decided)
        SELECT org_id, dossier_id, true FROM new_rows WHERE superseded_at IS NULL ORDER BY dossier_id
        ON CONFLICT (dossier_id) DO UPDATE SET is_decided = true WHERE NOT lead_score.is_decided;
    END IF;
    RETURN NULL;
END $$;
"""
ROWS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER lead_outcome_marks_scores_on_{act.lower()} AFTER {act} ON lead_outcome REFERENCING {rows} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION lead_outcome_marks_scores();\n"
    for act, rows in ROWS.items()
)
# Rows that stand for nothing but a decision are nothing to the release before.
UNMARK = """
DROP FUNCTION lead_outcome_marks_scores CASCADE;
DELETE FROM lead_score WHERE probability IS NULL AND scored_at IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0006_overrides")]

    operations = [
        migrations.AddField("leadscore", "is_decided", models.BooleanField(db_default=False)),
        migrations.RunSQL(MARK + TRIGGERS, UNMARK),
    ]
