from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common.service_tokens import ServiceToken, revoke


class Command(BaseCommand):
    help = "Lists the tokens of programs, or revokes one: from then on it opens no door."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        listing = acts.add_parser("list", help="name, organisation, state, scopes, last use")
        listing.add_argument("--org", help="one organisation (default: all)")
        revoking = acts.add_parser("revoke", help="by number, or all of a name")
        revoking.add_argument("token", help="the number that `list` shows, or a name")
        revoking.add_argument("--org", help="one organisation (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = ServiceToken.objects.order_by("org_id", "name", "created_at")
        rows = rows.of(options["org"]) if options["org"] else rows
        if options["act"] == "list":
            for row in rows:
                self.stdout.write(_line(row))
            if not rows:
                self.stdout.write("There are none.")
            return
        found = [row for row in rows if options["token"] in (str(row.pk), row.name)]
        if not found:
            raise CommandError(f"There is no token {options['token']}.")
        for row in found:
            words = "revoked" if revoke(row, by="command") else "was revoked before"
            self.stdout.write(f"{row}: {words}.")


def _line(row: ServiceToken) -> str:
    used = f"last used {row.last_used_at:%Y-%m-%d %H:%M}" if row.last_used_at else "never used"
    state = row.state(at=timezone.now())
    until = f"until {row.expires_at:%Y-%m-%d}"
    return f"{row.pk}  {row.org_id}  {row.name}  {state}  {until}  {used}  {' '.join(row.scopes)}"
