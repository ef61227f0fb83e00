"""Who runs the models may release an attribute that looks like a leak."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

GRANTED = ("release_suspect", "view_releasedattribute")


def grant(apps, schema_editor):
    config = apps.get_app_config("models_registry")
    config.models_module = True  # what create_permissions looks for; a migration's registry leaves it out
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permission, group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    granted = permission.objects.filter(content_type__app_label="models_registry", codename__in=GRANTED)
    group.objects.get(name="ml_admin").permissions.add(*granted)


class Migration(migrations.Migration):
    dependencies = [("insights", "0002_live_state"), ("models_registry", "0007_labels_and_releases")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
