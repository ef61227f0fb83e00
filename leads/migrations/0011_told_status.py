"""What a lead was told with last is kept where events have set another status: a file told again does not undo them.

Until now it was not noted. A step that was taken at the very moment of an event is one that the event told. The table is
locked for the new column alone, and not while the history is searched.
"""

from django.db import migrations, models

FROM_HISTORY = """
UPDATE dossier SET told_status = told.to_status FROM (
    SELECT DISTINCT ON (dossier_id) dossier_id, to_status FROM lead_status_change AS step
    WHERE from_status = '' OR NOT (
        EXISTS (SELECT FROM message_entity WHERE (dossier_id, created_at) = (step.dossier_id, step.changed_at))
        OR EXISTS (SELECT FROM appointment_entity WHERE (dossier_id, created_at) = (step.dossier_id, step.changed_at))
        OR EXISTS (SELECT FROM lead_event WHERE (dossier_id, occurred_at) = (step.dossier_id, step.changed_at)))
    ORDER BY dossier_id, from_status = '', changed_at DESC, id DESC) AS told
WHERE told.dossier_id = dossier.id AND told.to_status <> dossier.status
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0010_currency")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE dossier ADD COLUMN IF NOT EXISTS told_status varchar(200)",  # there after an attempt broken off
            "ALTER TABLE dossier DROP COLUMN IF EXISTS told_status",
            state_operations=[
                migrations.AddField(
                    model_name="dossier",
                    name="told_status",
                    field=models.CharField(blank=True, editable=False, max_length=200, null=True),
                )
            ],
        ),
        migrations.RunSQL(FROM_HISTORY, migrations.RunSQL.noop),
    ]
