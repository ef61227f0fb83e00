"""Conversions and predictions are kept, and triggers note what changes after; who is forgotten leaves the sums.

Nothing is kept yet after it: the first hourly task does. What ran before works on with it: it counts from the leads.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

PREDICTIONS = """
CREATE FUNCTION ab_test_tally_predictions() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO ab_test_prediction_tally (org_id, experiment_id, variant, predictions)
        SELECT org_id, experiment_id, variant, sum(predictions) FROM new_rows GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO ab_test_prediction_tally (org_id, experiment_id, variant, predictions)
        SELECT org_id, experiment_id, variant, -sum(predictions) FROM old_rows GROUP BY 1, 2, 3;
    ELSE
        INSERT INTO ab_test_prediction_tally (org_id, experiment_id, variant, predictions)
        SELECT n.org_id, n.experiment_id, n.variant, sum(n.predictions - o.predictions)
        FROM old_rows o JOIN new_rows n USING (id) GROUP BY 1, 2, 3;
    END IF;
    RETURN NULL;
END $$;
"""
OUTCOMES = """
CREATE FUNCTION ab_test_note_outcomes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO ab_test_changed_outcome (org_id, experiment_id, exposure_id)
        SELECT x.org_id, x.experiment_id, x.id FROM new_rows n JOIN ab_test_exposure x ON x.dossier_id = n.dossier_id
        WHERE n.converted;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO ab_test_changed_outcome (org_id, experiment_id, exposure_id)
        SELECT x.org_id, x.experiment_id, x.id FROM old_rows o JOIN ab_test_exposure x ON x.dossier_id = o.dossier_id
        WHERE o.converted;
    ELSE
        INSERT INTO ab_test_changed_outcome (org_id, experiment_id, exposure_id)
        SELECT x.org_id, x.experiment_id, x.id FROM old_rows o JOIN new_rows n USING (id)
        JOIN ab_test_exposure x ON x.dossier_id = ANY (ARRAY[o.dossier_id, n.dossier_id])
        WHERE o.converted OR n.converted;
    END IF;
    RETURN NULL;
END $$;
"""
SUMS = """
CREATE FUNCTION ab_test_sum_conversions(experiment bigint, days date[]) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM ab_test_conversion_sum WHERE experiment_id = experiment AND came = ANY (days);
    INSERT INTO ab_test_conversion_sum (
        org_id, experiment_id, variant, came, day, actions, conversions, known, chances)
    SELECT org_id, experiment_id, variant, came, day, actions, count(*), count(probability),
           COALESCE(sum(probability), 0)
    FROM ab_test_conversion WHERE experiment_id = experiment AND came = ANY (days)
    GROUP BY GROUPING SETS (
        (org_id, experiment_id, variant, came, day), (org_id, experiment_id, variant, came, actions));
END $$;
"""
FORGOTTEN = """
CREATE FUNCTION ab_test_exposure_is_forgotten() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE left_by record;
BEGIN
    -- Who sums up holds this lock, and so nobody does while leads are taken out of the sums.
    PERFORM FROM ab_test_experiment WHERE id IN (SELECT experiment_id FROM old_rows) ORDER BY id FOR NO KEY UPDATE;
    DELETE FROM ab_test_conversion WHERE exposure_id IN (SELECT id FROM old_rows);
    DELETE FROM ab_test_changed_outcome WHERE exposure_id IN (SELECT id FROM old_rows);
    UPDATE ab_test_day_sum s
    SET leads = s.leads - gone.leads, known = s.known - gone.known, chances = s.chances - gone.chances,
        chances_squared = s.chances_squared - gone.chances_squared
    FROM (
        SELECT x.experiment_id, x.day, x.variant, x.actions, COALESCE(x.source, x.owner) AS stratum,
               CASE WHEN grouping(x.actions) = 0 THEN 'SAID' WHEN grouping(x.source) = 0 THEN 'SOURCE' ELSE 'OWNER' END
                   AS kind,
               count(*) AS leads, count(chance) AS known, COALESCE(sum(chance), 0) AS chances,
               COALESCE(sum(chance * chance), 0) AS chances_squared
        FROM (SELECT *, (first_at AT TIME ZONE 'UTC')::date AS day, probabilities[1] AS chance FROM old_rows) AS x
        GROUP BY GROUPING SETS (
            (x.experiment_id, day, x.variant, x.actions), (x.experiment_id, day, x.variant, x.source),
            (x.experiment_id, day, x.variant, x.owner))) AS gone
    WHERE s.experiment_id = gone.experiment_id AND s.kind = gone.kind AND s.day = gone.day AND s.variant = gone.variant
      AND s.actions IS NOT DISTINCT FROM gone.actions AND s.stratum IS NOT DISTINCT FROM gone.stratum;
    DELETE FROM ab_test_day_sum WHERE experiment_id IN (SELECT experiment_id FROM old_rows) AND leads = 0;
    FOR left_by IN
        SELECT experiment_id, array_agg(DISTINCT (first_at AT TIME ZONE 'UTC')::date) AS days FROM old_rows GROUP BY 1
    LOOP
        PERFORM ab_test_sum_conversions(left_by.experiment_id, left_by.days);
    END LOOP;
    RETURN NULL;
END $$;
"""
# What the sums and conversions are made of stands, and not only the arm.
FACTS_STAND = """
CREATE OR REPLACE FUNCTION ab_test_exposure_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an exposure stands: a lead stays in its arm' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER ab_test_exposure_stands BEFORE UPDATE ON ab_test_exposure FOR EACH ROW
    WHEN ((OLD.id, OLD.org_id, OLD.experiment_id, OLD.dossier_id, OLD.variant, OLD.first_at, OLD.source, OLD.owner,
           OLD.probabilities, OLD.actions)
        IS DISTINCT FROM (NEW.id, NEW.org_id, NEW.experiment_id, NEW.dossier_id, NEW.variant, NEW.first_at, NEW.source,
           NEW.owner, NEW.probabilities, NEW.actions))
    EXECUTE FUNCTION ab_test_exposure_stands();
"""
ONLY_THE_ARM_STANDS = """
CREATE OR REPLACE TRIGGER ab_test_exposure_stands BEFORE UPDATE ON ab_test_exposure FOR EACH ROW
    WHEN ((OLD.experiment_id, OLD.dossier_id, OLD.variant, OLD.first_at)
        IS DISTINCT FROM (NEW.experiment_id, NEW.dossier_id, NEW.variant, NEW.first_at))
    EXECUTE FUNCTION ab_test_exposure_stands();
"""
ROWS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def after(table: str, act: str, function: str) -> str:
    """A trigger for each statement that does so."""
    return (
        f"CREATE TRIGGER {function}_on_{act.lower()} AFTER {act} ON {table} REFERENCING {ROWS[act]} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}();\n"
    )


TRIGGERS = (
    "".join(after("ab_test_exposure", act, "ab_test_tally_predictions") for act in ROWS)
    + "".join(after("lead_outcome", act, "ab_test_note_outcomes") for act in ROWS)
    + after("ab_test_exposure", "DELETE", "ab_test_exposure_is_forgotten")
)
# Nobody writes exposures until this is over: the triggers hold the table's lock.
COUNT = """
INSERT INTO ab_test_prediction_tally (org_id, experiment_id, variant, predictions)
SELECT org_id, experiment_id, variant, sum(predictions) FROM ab_test_exposure GROUP BY 1, 2, 3;
"""
UNDO = """
DROP FUNCTION ab_test_tally_predictions, ab_test_note_outcomes, ab_test_exposure_is_forgotten CASCADE;
DROP FUNCTION ab_test_sum_conversions;
"""


def of_an_experiment(db_index: bool = True) -> models.ForeignKey:
    """Without a constraint, which would lock the experiment's row."""
    return models.ForeignKey(
        db_index=db_index,
        db_constraint=False,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name="+",
        to="experiments.experiment",
    )


ORG = models.CharField(default="default", max_length=64, verbose_name="organisation")
ACTIONS = django.contrib.postgres.fields.ArrayField(
    base_field=models.CharField(max_length=16), blank=True, null=True, size=None
)
KEY = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("experiments", "0006_tally"), ("leads", "0006_overrides")]

    operations = [
        migrations.AddField(
            model_name="experiment",
            name="conversions_until",
            field=models.DateField(
                blank=True, help_text="Conversions of leads of the days before it are kept.", null=True
            ),
        ),
        migrations.CreateModel(
            name="Conversion",
            fields=[
                ("org_id", ORG),
                ("exposure_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("variant", models.CharField(max_length=32)),
                ("came", models.DateField()),
                ("day", models.PositiveSmallIntegerField()),
                ("actions", ACTIONS),
                ("revenue", models.FloatField(blank=True, null=True)),
                ("probability", models.FloatField(blank=True, null=True)),
                ("experiment", of_an_experiment(db_index=False)),
            ],
            options={
                "db_table": "ab_test_conversion",
                "indexes": [models.Index(fields=["experiment", "came"], name="ab_test_conversion_days")],
            },
        ),
        migrations.CreateModel(
            name="ConversionSum",
            fields=[
                ("id", KEY),
                ("org_id", ORG),
                ("variant", models.CharField(max_length=32)),
                ("came", models.DateField()),
                ("day", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("actions", ACTIONS),
                ("conversions", models.PositiveIntegerField()),
                ("known", models.PositiveIntegerField()),
                ("chances", models.FloatField()),
                ("experiment", of_an_experiment(db_index=False)),
            ],
            options={
                "db_table": "ab_test_conversion_sum",
                "indexes": [models.Index(fields=["experiment", "came"], name="ab_test_conversion_sum_days")],
            },
        ),
        migrations.CreateModel(
            name="ChangedOutcome",
            fields=[
                ("id", KEY),
                ("org_id", ORG),
                ("exposure_id", models.BigIntegerField()),
                ("experiment", of_an_experiment()),
            ],
            options={"db_table": "ab_test_changed_outcome"},
        ),
        migrations.CreateModel(
            name="PredictionTally",
            fields=[
                ("id", KEY),
                ("org_id", ORG),
                ("variant", models.CharField(max_length=32)),
                ("predictions", models.BigIntegerField()),
                ("experiment", of_an_experiment()),
            ],
            options={"db_table": "ab_test_prediction_tally"},
        ),
        migrations.RunSQL(PREDICTIONS + OUTCOMES + SUMS + FORGOTTEN + TRIGGERS + FACTS_STAND + COUNT, UNDO + ONLY_THE_ARM_STANDS),
    ]
