"""Leads whose status nobody told stand in an index of their own, made while rows come in."""

from django.db import migrations, models

MAKE = [
    "DROP INDEX CONCURRENTLY IF EXISTS dossier_untold",  # a half-made one of an attempt that was interrupted
    "CREATE INDEX CONCURRENTLY dossier_untold ON dossier (org_id, id)"
    " WHERE noted_status IS NULL OR noted_status <> status",
]
UNTOLD = models.Q(noted_status__isnull=True) | ~models.Q(noted_status=models.F("status"))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("leads", "0012_noted_status")]

    operations = [
        migrations.RunSQL(
            MAKE,
            ["DROP INDEX CONCURRENTLY IF EXISTS dossier_untold"],
            state_operations=[
                migrations.AddIndex(
                    "dossier", models.Index(fields=["org_id", "id"], condition=UNTOLD, name="dossier_untold")
                )
            ],
        ),
    ]
