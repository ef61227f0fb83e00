"""Calibrations are renewed before it is measured whether models keep their word."""

from django.db import migrations

from common.schedules import moved

EARLIER = moved("Recalibrate where due", "0 5 * * *", "30 4 * * *")
BACK = moved("Recalibrate where due", "30 4 * * *", "0 5 * * *")


class Migration(migrations.Migration):
    dependencies = [("predictions", "0008_by_organisation"), ("django_celery_beat", "0018_improve_crontab_helptext")]

    operations = [migrations.RunPython(EARLIER, BACK)]
