"""Housekeeping of the idempotency keys."""

from django.db import migrations

from common.schedules import schedule

SCHEDULES = [
    schedule("Forget old idempotency keys", "common.tasks.forget_old_idempotency_keys", "15 * * * *"),
]


class Migration(migrations.Migration):
    dependencies = [("common", "0002_audit_append_only"), ("django_celery_beat", "0018_improve_crontab_helptext")]

    operations = [migrations.RunPython(each, migrations.RunPython.noop) for each in SCHEDULES]
