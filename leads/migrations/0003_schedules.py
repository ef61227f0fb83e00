"""The housekeeping of imports."""

from django.db import migrations

from common.schedules import schedule

SCHEDULES = [schedule("Retire dead imports", "leads.tasks.retire_dead_imports", "* * * * *")]


class Migration(migrations.Migration):
    dependencies = [("leads", "0002_our_own"), ("django_celery_beat", "0018_improve_crontab_helptext")]

    operations = [migrations.RunPython(each, migrations.RunPython.noop) for each in SCHEDULES]
