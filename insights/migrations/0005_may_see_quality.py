"""Who works with the figures sees, in the admin too, how the models kept their word."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

GROUPS = ("analyst", "ml_admin")


def grant(apps, schema_editor):
    config = apps.get_app_config("predictions")
    config.models_module = True  # what create_permissions looks for; a migration's registry leaves it out
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permission, group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    granted = permission.objects.get(content_type__app_label="predictions", codename="view_quality")
    for name in GROUPS:
        group.objects.get(name=name).permissions.add(granted)


class Migration(migrations.Migration):
    dependencies = [("insights", "0004_may_tell_outcomes"), ("predictions", "0006_partitions")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
