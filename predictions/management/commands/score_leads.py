from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from common.tenancy import DEFAULT_ORG
from predictions.jobs import leads_for, score_in_chunks


class Command(BaseCommand):
    help = "Scores an organisation's open leads now, and stores the predictions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")
        parser.add_argument("--include-decided", action="store_true", help="also leads that have been won or lost")

    def handle(self, *args: Any, **options: Any) -> None:
        criteria = {"include_decided": options["include_decided"]}
        total = leads_for(options["org"], criteria).count()
        with tqdm(total=total, desc="Scoring", unit=" leads") as bar:

            def show(done: int, bad: int) -> None:
                bar.update(done + bad - bar.n)

            scored, failed = score_in_chunks(options["org"], criteria, show)
        self.stdout.write(f"{scored} leads scored, {failed} failed.")
