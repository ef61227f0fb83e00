from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.management.chosen import chosen
from models_registry import ledger
from models_registry.models import ModelActivation


class Command(BaseCommand):
    help = "Proves that the ledger of what was live is what was written, and that its end is what is live now."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", help="one organisation (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for org_id in chosen(options["org"], ledger.organisations()):
            problem = ledger.verify(org_id)
            broken += problem is not None
            rows = ModelActivation.objects.of(org_id).count()
            words = f"{rows} rows hold" if problem is None else f"broken at row {problem.number}: {problem.words}"
            self.stdout.write(f"{org_id}: {words}.")
        if broken:
            raise CommandError(f"{broken} ledger(s) do not hold.")
