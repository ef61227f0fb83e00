"""Predictions of an organisation, and of a version of it, are found by time: instead of by time or version alone.

Nobody waits for it: each month's index is made while rows come in, and hung under the table's. Where it was
interrupted, it goes on.
"""

from django.db import migrations, models

NEW = {
    'ml_prediction_org_at': ['org_id', 'predicted_at'],
    'ml_prediction_version_at': ['org_id', 'model_version', 'predicted_at'],
}
OLD = ['ml_prediction_predicted_at', 'ml_prediction_version_org']
WITHOUT = """
SELECT child.relname FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
WHERE i.inhparent = 'ml_prediction'::regclass AND NOT EXISTS (
    SELECT FROM pg_inherits part JOIN pg_index x ON x.indexrelid = part.inhrelid
    WHERE part.inhparent = %s::regclass AND x.indrelid = child.oid)
"""


def make(apps, editor):
    with editor.connection.cursor() as cursor:
        for name, columns in NEW.items():
            listed = ', '.join(columns)
            cursor.execute(f'CREATE INDEX IF NOT EXISTS {name} ON ONLY ml_prediction ({listed})')
            cursor.execute(WITHOUT, [name])
            for (month,) in cursor.fetchall():
                own = f"{month}_{name.removeprefix('ml_prediction_')}"
                cursor.execute(f'DROP INDEX IF EXISTS {own}')  # of an attempt that was interrupted
                cursor.execute(f'CREATE INDEX CONCURRENTLY {own} ON {month} ({listed})')
                cursor.execute(f'ALTER INDEX {name} ATTACH PARTITION {own}')
        cursor.execute(f"DROP INDEX IF EXISTS {', '.join(OLD)}")


class Migration(migrations.Migration):

    atomic = False
    dependencies = [('predictions', '0007_attempts')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(make, migrations.RunPython.noop)],
            state_operations=[
                *(migrations.RemoveIndex('prediction', name) for name in OLD),
                *(migrations.AddIndex('prediction', models.Index(fields=fields, name=name)) for name, fields in NEW.items()),
            ],
        ),
    ]
