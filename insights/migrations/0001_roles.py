"""The groups that people belong to. Permissions are made after all migrations, so they are made here first."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

ROOMS = ("common", "leads", "models_registry", "experiments", "predictions", "django_celery_beat")
SEES = [
    "leads.view_dossier", "leads.view_property", "leads.view_message", "leads.view_appointment", "leads.view_event",
    "leads.view_outcome", "leads.view_leadscore", "leads.view_leadattribute", "leads.view_leadstatuschange",
    "leads.view_leadchange", "predictions.view_prediction", "predictions.view_scorejob", "models_registry.view_modelversion",
    "models_registry.view_trainingrun", "models_registry.view_scoringrule", "experiments.view_experiment",
]
WORKS = [
    "leads.add_dossier", "leads.change_dossier", "leads.view_importjob", "leads.add_importjob", "leads.view_organisation",
    "leads.add_outcome", "predictions.add_prediction", "predictions.add_scorejob", "experiments.add_experiment",
    "experiments.change_experiment", "experiments.view_exposure",
]
RUNS = [
    "models_registry.activate_modelversion", "models_registry.override_gate", "models_registry.change_modelversion",
    "models_registry.add_trainingrun", "models_registry.change_trainingrun", "models_registry.add_scoringrule",
    "models_registry.change_scoringrule", "models_registry.delete_scoringrule", "leads.change_organisation",
    "leads.add_organisation", "common.view_auditentry", "django_celery_beat.view_periodictask",
    "django_celery_beat.change_periodictask", "django_celery_beat.add_periodictask", "django_celery_beat.view_crontabschedule",
    "django_celery_beat.add_crontabschedule", "django_celery_beat.change_crontabschedule",
]
GROUPS = {"sales": SEES, "analyst": SEES + WORKS, "ml_admin": SEES + WORKS + RUNS}


def make_groups(apps, schema_editor):
    for room in ROOMS:
        config = apps.get_app_config(room)
        config.models_module = True  # what create_permissions looks for; a migration's registry leaves it out
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = None
    permission, group = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    for name, granted in GROUPS.items():
        made, _ = group.objects.get_or_create(name=name)
        for label in granted:
            room, _, codename = label.partition(".")
            made.permissions.add(permission.objects.get(content_type__app_label=room, codename=codename))


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("common", "0002_audit_append_only"),
        ("leads", "0002_our_own"),
        ("models_registry", "0001_initial"),
        ("experiments", "0001_initial"),
        ("predictions", "0001_initial"),
        ("django_celery_beat", "0018_improve_crontab_helptext"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
