"""An answer kept for an Idempotency-Key is found by the lead that was asked about, whether or not it names it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("common", "0007_audit_found")]

    operations = [migrations.AddField("idempotencykey", "dossier_number", models.BigIntegerField(blank=True, null=True))]
