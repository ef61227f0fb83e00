"""A chunk's attempts are counted, and dead jobs are looked for often enough to be resumed or failed within a minute."""

from django.db import migrations, models

from common.schedules import oftener

SECONDS = 15
WATCHES = [
    oftener("Retire dead training runs", SECONDS),
    oftener("Retire dead score jobs", SECONDS),
    oftener("Retire dead imports", SECONDS),
]


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0006_partitions'),
        ('models_registry', '0007_labels_and_releases'),
        ('leads', '0006_overrides'),
        ('django_celery_beat', '0018_improve_crontab_helptext'),
    ]

    operations = [
        migrations.AddField('scorechunk', 'attempts', models.PositiveSmallIntegerField(db_default=0)),
        migrations.AddField('scorechunk', 'tried_at', models.DateTimeField(blank=True, null=True)),
        migrations.AddField(
            'scorechunk',
            'failed',
            models.PositiveIntegerField(help_text='How many leads were given up; null where none were.', null=True),
        ),
        migrations.AddField('scorechunk', 'error', models.TextField(blank=True, db_default='')),
        *(migrations.RunPython(each, migrations.RunPython.noop) for each in WATCHES),
    ]
