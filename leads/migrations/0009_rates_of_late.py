"""A day's standing of sources says, too, how many leads were decided and won lately: under another kind, since processes
of before, which run beside those of now while an upgrade goes on, keep and read the former.
"""

from django.db import migrations, models

FORGET = """
CREATE OR REPLACE FUNCTION lead_standing_forget(changed_kind text, org text, since timestamptz) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN
    -- Shared by all who write; whoever counts for keeping takes it alone.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('lead_standing ' || org, 0));
    DELETE FROM lead_standing
    WHERE org_id = org AND day > (since AT TIME ZONE 'UTC')::date
      AND kind = ANY ({kinds});
END $$;
"""
BOTH = "CASE changed_kind WHEN 'sources' THEN ARRAY['sources', 'decided'] ELSE ARRAY[changed_kind] END"


class Migration(migrations.Migration):
    dependencies = [("leads", "0008_lists_of_open_leads")]

    operations = [
        migrations.AlterField(
            model_name="standing",
            name="kind",
            field=models.CharField(
                choices=[
                    ("decided", "sources: how many leads were decided and won, and how many of them lately"),
                    ("markets", "markets: how many leads came in the 30 days before"),
                ],
                max_length=8,
            ),
        ),
        migrations.RunSQL(FORGET.format(kinds=BOTH), FORGET.format(kinds="ARRAY[changed_kind]")),
    ]
