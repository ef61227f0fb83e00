from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.auth import issue_service_token
from common.scopes import SCOPES
from common.tenancy import DEFAULT_ORG


class Command(BaseCommand):
    help = "Prints, once, a signed token with which another system calls the API; `tokens` lists and revokes them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--org", default=DEFAULT_ORG, help="the organisation whose rows it may see (default: %(default)s)"
        )
        parser.add_argument("--scopes", required=True, help=f"comma-separated, of: {', '.join(SCOPES)}")
        parser.add_argument("--days", type=float, default=30, help="how long it is valid (default: %(default)s)")
        parser.add_argument("--name", default="service", help="who it is for, as the audit rows will say")

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = [word for word in options["scopes"].replace(" ", ",").split(",") if word]
        if not scopes:
            raise CommandError(f"--scopes names none of: {', '.join(SCOPES)}.")
        try:
            token = issue_service_token(
                name=options["name"], org_id=options["org"], scopes=scopes, days=options["days"]
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(token)
