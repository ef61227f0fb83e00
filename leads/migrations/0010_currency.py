"""An organisation may name the currency of its amounts; how its words for won and lost are written stands beside them."""

import django.core.validators
from django.db import migrations, models

import leads.tables.organisation


class Migration(migrations.Migration):
    dependencies = [("leads", "0009_rates_of_late")]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="currency",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Of all its amounts, in the three letters of ISO 4217, like EUR: pages show it beside them. Nothing is converted.",
                max_length=3,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Z]{3}\\Z", "Write the three capital letters of ISO 4217, like EUR."
                    )
                ],
            ),
        ),
        migrations.AlterField(
            model_name="organisation",
            name="lost_statuses",
            field=models.JSONField(
                default=leads.tables.organisation.lost_by_default,
                help_text='The statuses that mean that it will not convert, written likewise: ["LOST", "DISQUALIFIED"]. A lead of any other status is undecided.',
            ),
        ),
        migrations.AlterField(
            model_name="organisation",
            name="won_statuses",
            field=models.JSONField(
                default=leads.tables.organisation.won_by_default,
                help_text='The statuses that mean that a lead has converted, in brackets and quotation marks: ["WON", "SIGNED"]. Case does not matter.',
            ),
        ),
    ]
