"""Every quarter of an hour, the organisations' policies are asked whether to train."""

from django.db import migrations

from common.schedules import schedule

SCHEDULES = [schedule("Train where triggered", "models_registry.tasks.train_where_triggered", "*/15 * * * *")]


class Migration(migrations.Migration):
    dependencies = [("models_registry", "0005_run_outcomes"), ("django_celery_beat", "0018_improve_crontab_helptext")]

    operations = [migrations.RunPython(each, migrations.RunPython.noop) for each in SCHEDULES]
