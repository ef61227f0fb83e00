"""Loads the demonstration: an estate agency whose leads' true conversion probability is known."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from common.moments import moment_in
from common.tenancy import DEFAULT_ORG, ORG_ID_LENGTH
from leads.demo.loading import HasLeads, load_demonstration
from leads.models import Dossier

CONFIRMATION = "delete"


class Command(BaseCommand):
    """The command."""

    help = "Loads a demonstration: an estate agency's leads of the last months, with all that happened to them."

    def add_arguments(self, parser: CommandParser) -> None:
        """What it takes."""
        parser.add_argument("--leads", type=int, default=3000, help="how many (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=7, help="the same gives the same leads (default: %(default)s)")
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")
        parser.add_argument("--months", type=float, default=8, help="how far back they go (default: %(default)s)")
        parser.add_argument(
            "--until",
            help="the moment they end, such as 2026-11-24T09:00:00Z, which becomes the "
            "organisation's present (default: now)",
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="DELETES the organisation's leads, real ones too, and "
            f"all that is known of them, before it loads; asks for the word '{CONFIRMATION}' first",
        )
        parser.add_argument("--no-input", action="store_false", dest="interactive", help="with --force: do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        """Loads it, and says what came of it."""
        _check(options)
        org_id, is_past = options["org"], options["until"] is not None
        if options["force"] and options["interactive"]:
            self._ask(org_id)
        with tqdm(total=options["leads"], desc="leads", disable=options["verbosity"] == 0, file=sys.stderr) as bar:
            try:
                loaded = load_demonstration(
                    org_id=org_id,
                    leads=options["leads"],
                    seed=options["seed"],
                    months=options["months"],
                    until=_moment(options["until"]),
                    is_past=is_past,
                    replace=options["force"],
                    progress=bar.update,
                )
            except HasLeads as error:
                raise CommandError(
                    f"The organisation {org_id} has leads already. Name another with --org, or see --force."
                ) from error
        self.stdout.write(
            f"{loaded.leads:,} leads in {org_id}: {loaded.won:,} converted, {loaded.lost:,} lost, "
            f"{loaded.leads - loaded.won - loaded.lost:,} open; {loaded.rows:,} rows in all."
        )

    def _ask(self, org_id: str) -> None:
        count = Dossier.objects.of(org_id).count()
        if not count:
            return
        self.stdout.write(f"This deletes the {count:,} leads of {org_id} and all that is known of them.")
        if input(f"Write {CONFIRMATION} to go on: ").strip() != CONFIRMATION:
            raise CommandError("Nothing has been deleted.")


def _check(options: dict[str, Any]) -> None:
    if options["leads"] < 1:
        raise CommandError("--leads must be at least 1.")
    if not 0.1 <= options["months"] <= 120:
        raise CommandError("--months must be from 0.1 to 120.")
    if not 0 <= options["seed"] < 2**63:
        raise CommandError("--seed must be a number from 0 on.")
    if not 0 < len(options["org"]) <= ORG_ID_LENGTH or not options["org"].isprintable() or "\\" in options["org"]:
        raise CommandError(f"An organisation's id has 1 to {ORG_ID_LENGTH} printable characters and no backslash.")


def _moment(text: str | None) -> datetime:
    """The present, or what --until says. Raises CommandError where that is no moment, or one that has not come."""
    now = timezone.now().replace(microsecond=0)
    if text is None:
        return now
    moment = moment_in(text)
    if moment is None or timezone.is_naive(moment):
        raise CommandError("--until must be a moment with its zone, such as 2026-11-24T09:00:00Z.")
    if moment > now:
        raise CommandError("--until has not come yet.")
    return moment.replace(microsecond=0)
