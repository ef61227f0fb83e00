"""A permission of its own for what cannot be undone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("models_registry", "0007_labels_and_releases")]

    operations = [
        migrations.AlterModelOptions(
            name="modelversion",
            options={
                "permissions": [
                    ("activate_modelversion", "Can train, activate and roll back models"),
                    ("override_gate", "Can activate a version that the gate has not passed"),
                    ("archive_modelversion", "Can drop a version's artefact for good"),
                ]
            },
        )
    ]
