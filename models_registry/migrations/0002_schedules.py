"""Training by the settings' cron line, and the registry's housekeeping."""

from django.conf import settings
from django.db import migrations

from common.schedules import schedule

SCHEDULES = [
    schedule("Train models", "models_registry.tasks.train_scheduled", settings.ML_TRAINING_CRON, enabled=settings.ML_TRAINING_ENABLED),
    schedule("Archive old versions", "models_registry.tasks.archive_old_versions", "30 3 * * *"),
    schedule("Retire dead training runs", "models_registry.tasks.retire_dead_runs", "* * * * *"),
]


class Migration(migrations.Migration):
    dependencies = [("models_registry", "0001_initial"), ("django_celery_beat", "0018_improve_crontab_helptext")]

    operations = [migrations.RunPython(each, migrations.RunPython.noop) for each in SCHEDULES]
