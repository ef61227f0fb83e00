from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common import audit
from common.management.chosen import chosen


class Command(BaseCommand):
    help = "Proves that the audit rows are what was written, and prints each chain's end, to be kept elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        verifying = acts.add_parser("verify", help="follow each chain from its first row")
        verifying.add_argument("--org", help="one organisation (default: all)")
        verifying.add_argument(
            "--holds", metavar="NUMBER:HASH", help="an end printed earlier, which must still be in the chain of --org"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["holds"] and not options["org"]:
            raise CommandError("--holds needs --org.")
        broken = 0
        for org_id in chosen(options["org"], audit.organisations()):
            words, holds = _found(org_id, options["holds"])
            broken += not holds
            self.stdout.write(f"{org_id}: {words}")
        if broken:
            raise CommandError(f"{broken} chain(s) do not hold.")


def _found(org_id: str, kept: str | None) -> tuple[str, bool]:
    proof = audit.verify(org_id)
    if proof.broken:
        return f"broken at row {proof.broken.number}: {proof.broken.words}.", False
    if kept and not audit.has(org_id, *_parts(kept)):
        return f"{kept} is not in the chain: rows are missing at its end, or all of it was written anew.", False
    end = f"{proof.last.number}:{proof.last.hash}" if proof.last else "0:"
    return f"{proof.last.number if proof.last else 0} rows hold, to {end}", True


def _parts(kept: str) -> tuple[int, str]:
    number, _, text = kept.partition(":")
    if not number.isdecimal():
        raise CommandError("--holds is written NUMBER:HASH.")
    return int(number), text
