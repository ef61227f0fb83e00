"""Every hour, experiments are looked after."""

from django.db import migrations

from common.schedules import schedule

SCHEDULES = [schedule("Watch experiments", "experiments.tasks.watch_experiments", "20 * * * *")]


class Migration(migrations.Migration):
    dependencies = [("experiments", "0004_day_sums"), ("django_celery_beat", "0018_improve_crontab_helptext")]

    operations = [migrations.RunPython(each, migrations.RunPython.noop) for each in SCHEDULES]
