from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from common.jobs import JobStatus
from common.management.chosen import chosen
from common.tenancy import DEFAULT_ORG
from predictions.jobs import leads_for, organisations_with_leads, run_score_job
from predictions.models import ScoreJob


class Command(BaseCommand):
    help = "Scores an organisation's open leads now, and stores the predictions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")
        parser.add_argument("--include-decided", action="store_true", help="also leads that have been won or lost")
        parser.add_argument(
            "--changed-only", action="store_true", help="only leads that changed since their last score"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        (org_id,) = chosen(options["org"], organisations_with_leads())
        criteria = {name: options[name] for name in ("include_decided", "changed_only")}
        total = leads_for(org_id, criteria).count()
        job = ScoreJob.objects.create(org_id=org_id, started_by="command", criteria=criteria, total=total)
        with tqdm(total=total, desc="Scoring", unit=" leads") as bar:
            run_score_job(job, bar.update)
        job.refresh_from_db()
        if job.status != JobStatus.SUCCEEDED:
            raise CommandError(f"Stopped: {job.error or job.get_status_display()}")
        self.stdout.write(f"{job.scored} leads scored, {job.failed} failed.")
