"""A design that has been started cannot be changed, nor an exposure be moved: not by us, not by anyone with SQL alone."""

from django.db import migrations

FORBID = """
CREATE FUNCTION ab_test_design_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.design_hash <> '' AND (
        OLD.org_id, OLD.control_method, OLD.treatment_method, OLD.traffic_split, OLD.arms, OLD.population, OLD.coverage,
        OLD.attribution_days, OLD.revenue_cap, OLD.planned_leads, OLD.guardrails, OLD.salt, OLD.iteration, OLD.design,
        OLD.design_hash, OLD.started_at
    ) IS DISTINCT FROM (
        NEW.org_id, NEW.control_method, NEW.treatment_method, NEW.traffic_split, NEW.arms, NEW.population, NEW.coverage,
        NEW.attribution_days, NEW.revenue_cap, NEW.planned_leads, NEW.guardrails, NEW.salt, NEW.iteration, NEW.design,
        NEW.design_hash, NEW.started_at
    ) THEN
        RAISE EXCEPTION 'the design of a started experiment stands' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ab_test_design_stands BEFORE UPDATE ON ab_test_experiment
    FOR EACH ROW EXECUTE FUNCTION ab_test_design_stands();
CREATE FUNCTION ab_test_exposure_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a lead stays in its arm' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER ab_test_exposure_stands BEFORE UPDATE ON ab_test_exposure FOR EACH ROW
    WHEN ((OLD.experiment_id, OLD.dossier_id, OLD.variant, OLD.first_at)
        IS DISTINCT FROM (NEW.experiment_id, NEW.dossier_id, NEW.variant, NEW.first_at))
    EXECUTE FUNCTION ab_test_exposure_stands();
"""
ALLOW = """
DROP TRIGGER ab_test_exposure_stands ON ab_test_exposure;
DROP FUNCTION ab_test_exposure_stands();
DROP TRIGGER ab_test_design_stands ON ab_test_experiment;
DROP FUNCTION ab_test_design_stands();
"""


class Migration(migrations.Migration):
    dependencies = [("experiments", "0002_lives")]

    operations = [migrations.RunSQL(FORBID, ALLOW)]
