"""The CRM's own five tables, with the columns that every CRM's has: where they exist, `--fake-initial` adopts them."""

import django.db.models.deletion
from django.db import migrations, models

ID = ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"))
DIRECTIONS = [("INBOUND", "from the lead"), ("OUTBOUND", "to the lead")]


def org_id() -> tuple[str, models.Field]:
    return ("org_id", models.CharField(default="default", max_length=64, verbose_name="organisation"))


def of_dossier(name: str, kind: type = models.ForeignKey, **options: object) -> tuple[str, models.Field]:
    return (
        "dossier",
        kind(on_delete=django.db.models.deletion.CASCADE, related_name=name, to="leads.dossier", **options),
    )


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Dossier",
            fields=[ID, org_id(), ("status", models.CharField(max_length=200)), ("created_at", models.DateTimeField())],
            options={"db_table": "dossier"},
        ),
        migrations.CreateModel(
            name="Property",
            fields=[
                ID, org_id(), ("price", models.FloatField(blank=True, null=True)),
                of_dossier("property", models.OneToOneField),
            ],
            options={"db_table": "property", "verbose_name_plural": "properties"},
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                ID, org_id(), ("direction", models.CharField(blank=True, choices=DIRECTIONS, max_length=8, null=True)),
                ("occurred_at", models.DateTimeField(db_column="created_at")), of_dossier("messages", db_index=False),
            ],
            options={"db_table": "message_entity"},
        ),
        migrations.CreateModel(
            name="Appointment",
            fields=[
                ID, org_id(), ("occurred_at", models.DateTimeField(db_column="created_at")),
                of_dossier("appointments", db_index=False),
            ],
            options={"db_table": "appointment_entity"},
        ),
        migrations.CreateModel(
            name="LeadScore",
            fields=[ID, org_id(), of_dossier("score", models.OneToOneField)],
            options={"db_table": "lead_score"},
        ),
    ]
