"""What `make run` does before it serves: migrations, static files, accounts, the demonstration."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from leadqual.places import forget_secret, secret

ACCOUNTS = {"admin": "everything", "staff": "train, activate, roll back", "sales": "the pages, to read"}
KEPT_AS = "demo_password"
"""The file in `var/` that keeps the accounts' password, as long as it opens one of them."""
GROUPS = {"staff": ["analyst", "ml_admin"], "sales": ["sales"]}


def demo_password() -> str:
    """LEADQUAL_DEMO_PASSWORD, else a random one that is kept where only its owner can read it."""
    return secret(KEPT_AS, letters=12, wanted=os.environ.get("LEADQUAL_DEMO_PASSWORD", ""))


def main() -> int:
    """Everything that must be there before the first request; the second time, seconds."""
    import django
    from django.core.management import call_command

    django.setup()
    _say("Preparing the database ...")
    call_command("migrate", verbosity=0)
    _collect_static_files()
    make_accounts(demo_password())
    _demonstration()
    return 0


def _collect_static_files() -> None:
    """Unless what was collected the last time is what would be collected now: compressing takes seconds."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    found = [storage.path(path) for finder in get_finders() for path, storage in finder.list([])]
    stats = sorted((path, os.stat(path).st_mtime_ns, os.stat(path).st_size) for path in found)
    mark, stamp = Path(settings.STATIC_ROOT) / ".collected", hashlib.sha256(repr(stats).encode()).hexdigest()
    if not mark.exists() or mark.read_text() != stamp:
        call_command("collectstatic", verbosity=0, interactive=False, clear=True)
        mark.write_text(stamp)


def make_accounts(password: str) -> None:
    """Makes those that are missing. Where data come from elsewhere (a backup), their accounts keep their passwords."""
    from django.contrib.auth.models import Group, User

    users = []
    for name in ACCOUNTS:
        user, is_new = User.objects.get_or_create(
            username=name, defaults={"is_superuser": name == "admin", "is_staff": name != "sales"}
        )
        if is_new:
            user.groups.set(Group.objects.filter(name__in=GROUPS.get(name, [])))
        if is_new or os.environ.get("LEADQUAL_DEMO_PASSWORD"):  # what somebody has changed since is theirs
            user.set_password(password)
            user.save()
        users.append(user)
    if not any(user.check_password(password) for user in users):
        forget_secret(KEPT_AS)


def _demonstration() -> None:
    """Loads it, trains its first model, scores its leads and rehearses it, each where that has not been done."""
    from django.core.management import CommandError, call_command
    from django.utils import timezone

    from leads.models import Dossier, LeadScore
    from models_registry.models import ModelVersion
    from predictions.measurement import measure

    leads = os.environ.get("LEADQUAL_DEMO_LEADS") or "3000"
    if leads == "0":
        return
    if not Dossier.objects.exists():
        _say("Loading a demonstration organisation ...")
        call_command("demo_data", "--leads", leads, "--seed", "7")
    try:
        if not ModelVersion.objects.of("default").exists():
            _say("Training its first model ...")
            call_command("train_model", "--notes", "trained on the demonstration by the first `make run`")
        if not LeadScore.objects.of("default").filter(probability__isnull=False).exists():
            _say("Scoring its open leads ...")
            call_command("score_leads")
            measure(org_id="default", at=timezone.now())
    except CommandError as reason:  # the engine runs without: the rules score
        _say(f"No model was trained: {reason}")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
