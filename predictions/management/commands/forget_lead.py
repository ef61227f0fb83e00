from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common.tenancy import DEFAULT_ORG
from predictions.forgetting import forget_lead


class Command(BaseCommand):
    help = "Erases all that was told of a lead, keeps the statistics, and leaves a record that it was done."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=int, help="the CRM's number of the lead")
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")
        parser.add_argument("--reason", default="", help="why, for the record; nothing personal")

    def handle(self, *args: Any, **options: Any) -> None:
        told = {"org_id": options["org"], "number": options["number"], "reason": options["reason"]}
        if not forget_lead(**told, by="command", at=timezone.now()):
            raise CommandError(f"There is no lead {options['number']} in {options['org']}.")
        self.stdout.write(f"Lead {options['number']} is forgotten.")
