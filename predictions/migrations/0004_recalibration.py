"""Every day, calibrations that no longer keep their word are renewed."""

from django.db import migrations

from common.schedules import schedule

SCHEDULES = [schedule("Recalibrate where due", "predictions.tasks.recalibrate_where_due_daily", "0 5 * * *")]


class Migration(migrations.Migration):
    dependencies = [("predictions", "0003_shadow_predictions"), ("django_celery_beat", "0018_improve_crontab_helptext")]

    operations = [migrations.RunPython(each, migrations.RunPython.noop) for each in SCHEDULES]
