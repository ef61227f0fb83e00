"""Sales dated by the day count where they follow from a status, too: what was kept of them is counted anew."""

from django.db import migrations

NOTE = """
INSERT INTO ab_test_changed_outcome (org_id, experiment_id, exposure_id)
SELECT x.org_id, x.experiment_id, x.id FROM ab_test_exposure x JOIN lead_outcome o ON o.dossier_id = x.dossier_id
WHERE o.superseded_at IS NULL AND o.converted AND o.origin = 'STATUS'
  AND o.occurred_at < x.first_at AND o.occurred_at >= x.first_at - interval '1 day'
"""


class Migration(migrations.Migration):
    dependencies = [("experiments", "0007_conversions_are_kept"), ("leads", "0006_overrides")]

    operations = [migrations.RunSQL(NOTE, NOTE)]
