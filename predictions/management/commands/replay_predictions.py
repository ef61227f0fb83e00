from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.tenancy import DEFAULT_ORG
from predictions.replay import replay


class Command(BaseCommand):
    help = "Rebuilds stored predictions' feature vectors from the tables as of their moments, and compares bit for bit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")
        parser.add_argument("--sample", type=int, default=1000, help="how many at most (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["sample"] < 1:
            raise CommandError("--sample must be at least 1.")
        found = replay(options["org"], options["sample"])
        if not found.rows:  # nothing was compared, so nothing is proved: perhaps the organisation's name is mistyped
            raise CommandError(f"No prediction of a lead is stored in {options['org']}.")
        self.stdout.write(f"{found.words}.")
        for feature, rows in found.differing.items():
            self.stdout.write(f"  {feature}: {rows:,} not as stored")
