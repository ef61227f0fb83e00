"""Who sells tells what became of a lead, and what they think of it themselves."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

GROUPS = ("sales", "analyst", "ml_admin")
GRANTED = ("add_outcome", "add_override", "view_override")


def grant(apps, schema_editor):
    config = apps.get_app_config("leads")
    config.models_module = True  # what create_permissions looks for; a migration's registry leaves it out
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    permission, group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    granted = permission.objects.filter(content_type__app_label="leads", codename__in=GRANTED)
    for name in GROUPS:
        group.objects.get(name=name).permissions.add(*granted)


class Migration(migrations.Migration):
    dependencies = [("insights", "0003_may_release"), ("leads", "0006_overrides")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
