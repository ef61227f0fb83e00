"""The ledger cannot be changed, and begins with what is active now."""

from django.db import migrations
from django.utils import timezone

from models_registry import thresholds
from common.chain import BEGINNING, hash_of

FORBID = """
CREATE TRIGGER ml_activation_append_only BEFORE UPDATE OR DELETE ON ml_activation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
ALLOW = "DROP TRIGGER ml_activation_append_only ON ml_activation;"


def begin(apps, schema_editor):
    rows = apps.get_model("models_registry", "ModelActivation").objects
    now = timezone.now()
    for version in apps.get_model("models_registry", "ModelVersion").objects.filter(is_active=True):
        content = {
            "org_id": version.org_id,
            "number": 1,
            "version": version.version,
            "digest": version.digest,
            "calibration": None,
            "thresholds": thresholds.installation(),
            "act": "activate",
            "by": "migration",
            "at": now,
            "reason": "Active when the ledger began.",
            "evidence": {},
        }
        rows.create(**content, previous_hash=BEGINNING, hash=hash_of(BEGINNING, content))


class Migration(migrations.Migration):
    dependencies = [("models_registry", "0003_live_state"), ("common", "0002_audit_append_only")]

    operations = [migrations.RunPython(begin, migrations.RunPython.noop), migrations.RunSQL(FORBID, ALLOW)]
