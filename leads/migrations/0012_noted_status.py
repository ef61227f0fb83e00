"""The status that a lead's history ends with is noted beside its own, and what differs is followed each minute."""

from django.db import migrations, models

from common.schedules import schedule

FOLLOW = schedule("Follow the CRM's own statuses", "leads.tasks.follow_untold_statuses", "* * * * *")


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0011_told_status"),
        ("django_celery_beat", "0018_improve_crontab_helptext"),
    ]

    operations = [
        migrations.AddField(
            model_name="dossier",
            name="noted_status",
            field=models.CharField(blank=True, editable=False, max_length=200, null=True),
        ),
        migrations.RunPython(FOLLOW, migrations.RunPython.noop),
    ]
