"""Two experiments on one population are found by its digest: an entry of an index holds no long list of values."""

from django.db import migrations, models
from django.db.models.functions import MD5, Cast

ALIVE = models.Q(status__in=["RUNNING", "ENROLMENT_CLOSED"])


class Migration(migrations.Migration):
    dependencies = [("experiments", "0009_sample_ratio")]

    operations = [
        migrations.RemoveConstraint("experiment", "ab_test_one_running"),
        migrations.AddConstraint(
            "experiment",
            models.UniqueConstraint(
                "org_id",
                MD5(Cast("population", models.TextField())),
                condition=ALIVE,
                name="ab_test_one_running",
            ),
        ),
    ]
