from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import is_naive, make_aware
from tqdm import tqdm

from common.moments import moment_in
from common.tenancy import DEFAULT_ORG
from leads.cohorts import Labels
from models_registry.card_sayings import three
from models_registry.models import TrainingRun, Trigger
from models_registry.training import AlreadyRunning, TooFewRecords, execute, start_training


class Command(BaseCommand):
    help = "Trains a new version of an organisation's model, here and now, and says whether it became active."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")
        parser.add_argument("--algorithm", default="auto", help="which learner (default: %(default)s)")
        parser.add_argument("--notes", default="", help="a note to keep on the version")
        parser.add_argument(
            "--labels",
            choices=[each.value for each in Labels],
            default=Labels.CENSORED.value,
            help="how undecided leads are treated: others stand for them, or only what is decided counts, "
            "for comparison (default: %(default)s)",
        )
        parser.add_argument(
            "--since", help="learn from leads created from this ISO time on (default: the last 6 months)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        run = self._start(options)
        with tqdm(
            total=100, desc="Training", unit="%", bar_format="{desc}: {percentage:3.0f}%|{bar}| {postfix}"
        ) as bar:
            _show_progress(run, bar)
            execute(run)
        run.refresh_from_db()
        if run.version is None:
            raise CommandError(run.error or f"The run was {run.status.lower()}.")
        metrics = run.version.metrics
        auc, loss = three(metrics["roc_auc"]), three(metrics["log_loss"])
        self.stdout.write(f"Version {run.version}: forward ROC-AUC {auc}, log loss {loss}.")
        if metrics["roc_auc"] is None:
            self.stdout.write(metrics["reasons"]["roc_auc"])
        self.stdout.write(run.verdict)

    def _start(self, options: dict[str, Any]) -> TrainingRun:
        since = moment_in(options["since"]) if options["since"] else None
        if options["since"] and since is None:
            raise CommandError("--since must be an ISO time such as 2026-01-31T00:00:00Z.")
        if since is not None and is_naive(since):
            since = make_aware(since)
        try:
            return start_training(
                org_id=options["org"],
                by="command",
                trigger=Trigger.COMMAND,
                algorithm=options["algorithm"],
                notes=options["notes"],
                labels=options["labels"],
                since=since,
                enqueue=False,
            )
        except (AlreadyRunning, TooFewRecords, ValueError) as error:
            raise CommandError(str(getattr(error, "detail", error))) from error


def _show_progress(run: TrainingRun, bar: "tqdm[Any]") -> None:
    store = run.report

    def report(stage: str, progress: float, message: str = "") -> None:
        store(stage, progress, message)
        bar.set_postfix_str(stage, refresh=False)
        bar.update(100 * run.progress - bar.n)

    run.report = report  # type: ignore[method-assign]
