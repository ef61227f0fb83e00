"""Everyone sees what was live, the alarms and the policy; who runs the models sets the policy."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

SEES = ["view_modelactivation", "view_alarm", "view_policy"]
RUNS = ["add_policy", "change_policy"]
GROUPS = {"sales": SEES, "analyst": SEES, "ml_admin": SEES + RUNS}


def grant(apps, schema_editor):
    config = apps.get_app_config("models_registry")
    config.models_module = True  # what create_permissions looks for; a migration's registry leaves it out
    create_permissions(config, apps=apps, verbosity=0)
    config.models_module = None
    ours = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="models_registry")
    for name, granted in GROUPS.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*ours.filter(codename__in=granted))


class Migration(migrations.Migration):
    dependencies = [("insights", "0001_roles"), ("models_registry", "0005_run_outcomes")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
