"""How sources and markets stood on a day, kept; forgotten by triggers where what was counted changes.

A change at some moment is seen by the days that begin after it, so only these are forgotten: what happens now, and
becomes known now, forgets nothing.
"""

import uuid

from django.db import migrations, models

FORGET = """
CREATE FUNCTION lead_standing_forget(changed_kind text, org text, since timestamptz) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN
    -- Shared by all who write; whoever counts for keeping takes it alone.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('lead_standing ' || org, 0));
    DELETE FROM lead_standing
    WHERE org_id = org AND kind = changed_kind AND day > (since AT TIME ZONE 'UTC')::date;
END $$;

CREATE FUNCTION lead_outcome_forgets_standings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM lead_standing_forget('sources', org_id, min(greatest(occurred_at, recorded_at)))
        FROM new_rows GROUP BY org_id;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM lead_standing_forget('sources', org_id, min(greatest(occurred_at, recorded_at)))
        FROM old_rows GROUP BY org_id;
    ELSE
        PERFORM lead_standing_forget('sources', n.org_id, min(
            CASE WHEN (o.dossier_id, o.converted, o.occurred_at, o.recorded_at)
                      IS DISTINCT FROM (n.dossier_id, n.converted, n.occurred_at, n.recorded_at)
                 THEN least(greatest(o.occurred_at, o.recorded_at), greatest(n.occurred_at, n.recorded_at))
                 WHEN o.superseded_at IS DISTINCT FROM n.superseded_at THEN least(
                     greatest(o.occurred_at, o.recorded_at, coalesce(o.superseded_at, 'infinity')),
                     greatest(n.occurred_at, n.recorded_at, coalesce(n.superseded_at, 'infinity'))) END))
        FROM old_rows o JOIN new_rows n USING (id) GROUP BY n.org_id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION dossier_forgets_standings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM lead_standing_forget('markets', org_id, min(created_at))
        FROM new_rows WHERE region <> '' GROUP BY org_id;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM lead_standing_forget('markets', org_id, min(created_at))
        FROM old_rows WHERE region <> '' GROUP BY org_id;
    ELSE
        PERFORM lead_standing_forget('markets', n.org_id, min(least(o.created_at, n.created_at)))
        FROM old_rows o JOIN new_rows n USING (id)
        WHERE (o.region, o.created_at) IS DISTINCT FROM (n.region, n.created_at) GROUP BY n.org_id;
        PERFORM lead_standing_forget('sources', n.org_id, min(greatest(outcome.occurred_at, outcome.recorded_at)))
        FROM old_rows o JOIN new_rows n USING (id) JOIN lead_outcome outcome ON outcome.dossier_id = n.id
        WHERE o.source IS DISTINCT FROM n.source GROUP BY n.org_id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION property_forgets_standings() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM lead_standing_forget('markets', d.org_id, min(greatest(n.known_from, d.created_at)))
        FROM new_rows n JOIN dossier d ON d.id = n.dossier_id WHERE n.city <> '' GROUP BY d.org_id;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM lead_standing_forget('markets', d.org_id, min(greatest(o.known_from, d.created_at)))
        FROM old_rows o JOIN dossier d ON d.id = o.dossier_id WHERE o.city <> '' GROUP BY d.org_id;
    ELSE
        PERFORM lead_standing_forget('markets', d.org_id,
                                     min(greatest(least(o.known_from, n.known_from), d.created_at)))
        FROM old_rows o JOIN new_rows n USING (id) JOIN dossier d ON d.id = n.dossier_id
        WHERE (o.city, o.known_from) IS DISTINCT FROM (n.city, n.known_from) GROUP BY d.org_id;
    END IF;
    RETURN NULL;
END $$;
"""
REMEMBER = """
DROP FUNCTION lead_outcome_forgets_standings, dossier_forgets_standings, property_forgets_standings CASCADE;
DROP FUNCTION lead_standing_forget;
"""
ROWS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER {table}_forgets_standings_on_{act.lower()} AFTER {act} ON {table} REFERENCING {rows} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_forgets_standings();\n"
    for table in ("dossier", "property", "lead_outcome")
    for act, rows in ROWS.items()
)


class Migration(migrations.Migration):
    dependencies = [("leads", "0004_composite_indexes_serve")]

    operations = [
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("org_id", models.CharField(default="default", max_length=64, verbose_name="organisation")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("day", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sources", "sources: how many leads were decided and won"),
                            ("markets", "markets: how many leads came in the 30 days before"),
                        ],
                        max_length=8,
                    ),
                ),
                ("content", models.JSONField()),
            ],
            options={
                "db_table": "lead_standing",
                "constraints": [
                    models.UniqueConstraint(fields=("org_id", "kind", "day"), name="lead_standing_once"),
                ],
            },
        ),
        migrations.RunSQL(FORGET + TRIGGERS, REMEMBER),
    ]
