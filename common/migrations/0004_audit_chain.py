"""Audit rows become a chain of hashes, those that are there already in the order in which they were written."""

from django.db import migrations, models

from common.chain import BEGINNING, hash_of

HASHED = ("org_id", "number", "act", "subject", "by", "at", "before", "after", "reason", "evidence")
OPEN = "ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only"
CLOSE = "ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_append_only"


def link(apps, schema_editor):
    ends = {}
    rows = apps.get_model("common", "AuditEntry").objects
    for row in rows.order_by("pk").iterator():
        number, previous = ends.get(row.org_id, (0, BEGINNING))
        row.number, row.previous_hash = number + 1, previous
        row.hash = hash_of(previous, {name: getattr(row, name) for name in HASHED})
        row.save(update_fields=["number", "previous_hash", "hash"])
        ends[row.org_id] = row.number, row.hash


class Migration(migrations.Migration):
    dependencies = [("common", "0003_schedules")]

    operations = [
        migrations.AddField("auditentry", "number", models.PositiveIntegerField(default=0), preserve_default=False),
        migrations.AddField("auditentry", "previous_hash", models.CharField(max_length=64, default=BEGINNING)),
        migrations.AddField("auditentry", "hash", models.CharField(max_length=64, default=""), preserve_default=False),
        migrations.RunSQL(OPEN, migrations.RunSQL.noop),
        migrations.RunPython(link, migrations.RunPython.noop),
        migrations.RunSQL(CLOSE, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "auditentry", models.UniqueConstraint(fields=["org_id", "number"], name="audit_entry_number_once")
        ),
    ]
