"""Who runs the models may archive a version."""

from django.contrib.auth.management import create_permissions
from django.db import migrations


def grant(apps, schema_editor):
    config = apps.get_app_config("models_registry")
    config.models_module = True  # what create_permissions looks for; a migration's registry leaves it out
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permission, group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    granted = permission.objects.get(content_type__app_label="models_registry", codename="archive_modelversion")
    group.objects.get(name="ml_admin").permissions.add(granted)


class Migration(migrations.Migration):
    dependencies = [("insights", "0005_may_see_quality"), ("models_registry", "0008_may_archive")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
