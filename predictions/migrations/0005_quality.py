"""How versions keep their word, measured every morning."""

from django.db import migrations, models

from common.schedules import schedule


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0004_recalibration'),
        ('django_celery_beat', '0018_improve_crontab_helptext'),
    ]

    operations = [
        migrations.CreateModel(
            name='Quality',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('org_id', models.CharField(default='default', max_length=64, verbose_name='organisation')),
                ('version', models.CharField(blank=True, max_length=14)),
                ('kind', models.CharField(choices=[('REALISED', 'what was said, against what happened'), ('REHEARSED', 'said afterwards, as of then, of leads that the model had not seen'), ('ESTIMATED', 'what is to be expected of leads whose outcome nobody knows yet'), ('DRIFT', 'the newest leads against those of training')], max_length=16)),
                ('window_days', models.PositiveSmallIntegerField(default=0)),
                ('at', models.DateTimeField()),
                ('figures', models.JSONField(default=dict)),
            ],
            options={
                'verbose_name_plural': 'quality',
                'db_table': 'ml_quality',
                'constraints': [models.UniqueConstraint(fields=('org_id', 'at', 'version', 'kind', 'window_days'), name='ml_quality_once')],
            },
        ),
        migrations.RunPython(
            schedule("Measure whether models keep their word", "predictions.tasks.measure_quality", "0 5 * * *"),
            migrations.RunPython.noop,
        ),
    ]
