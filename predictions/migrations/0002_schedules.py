"""Scoring every night, and its housekeeping."""

from django.db import migrations

from common.schedules import schedule

SCHEDULES = [
    schedule("Score open leads", "predictions.tasks.score_all_leads", "0 4 * * *"),
    schedule("Retire dead score jobs", "predictions.tasks.retire_dead_jobs", "* * * * *"),
]


class Migration(migrations.Migration):
    dependencies = [("predictions", "0001_initial"), ("django_celery_beat", "0018_improve_crontab_helptext")]

    operations = [migrations.RunPython(each, migrations.RunPython.noop) for each in SCHEDULES]
