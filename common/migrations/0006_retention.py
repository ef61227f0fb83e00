"""Leads past their time are forgotten every night, where a setting says when that is."""

from django.db import migrations

from common.schedules import schedule


class Migration(migrations.Migration):
    dependencies = [("common", "0005_service_tokens"), ("django_celery_beat", "0018_improve_crontab_helptext")]

    operations = [
        migrations.RunPython(
            schedule("Forget leads past their time", "predictions.tasks.forget_by_retention", "30 3 * * *"),
            migrations.RunPython.noop,
        )
    ]
