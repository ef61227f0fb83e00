"""Audit rows are found by their act and by their subject; writing goes on while the indexes are built."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("common", "0006_retention")]

    operations = [
        AddIndexConcurrently("auditentry", models.Index(fields=["org_id", "act", "-at"], name="audit_entry_org_act")),
        AddIndexConcurrently("auditentry", models.Index(fields=["org_id", "subject", "-at"], name="audit_entry_org_subject")),
    ]
