"""Learning a new version: asked for by any door, done by a worker, decided by the gate."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from common import audit, chained
from common.errors import Conflict
from common.heartbeat import beating
from common.jobs import JobLost, hand_to_worker
from common.serializers import iso
from leads import labelled, untold
from leads.cohorts import Labels
from leads.features import LabelledRows
from leads.labelled import Counts
from leads.models import Organisation, Outcome
from models_registry import alarms, gate, ledger, validation
from models_registry.artefacts import digest_of
from models_registry.learning import algorithms
from models_registry.learning.artefact import write
from models_registry.learning.fit import Learned, NotEnoughData, learn
from models_registry.models import ModelArtefact, ModelVersion, ReleasedAttribute, TrainingRun
from models_registry.monitoring import TimedStages
from models_registry.scorers import rules_of
from models_registry.spreading import spread
from models_registry.tables.run import Window

TRAIN_TASK = "models_registry.tasks.train"
DAYS_A_MONTH = 30.44
# Few: what the CRM has written itself since the last minute. Of tables just adopted the schedule follows the rest.
MOST_FOLLOWED = 20_000


class AlreadyRunning(Conflict):
    """409: one run an organisation at a time."""

    default_code = "already_running"

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        super().__init__(f"Training run {run.pk} is under way ({run.status.lower()}).")


class TooFewRecords(ValueError):
    """There is not enough to learn from; `counts` says what there is of the leads created from `since` on."""

    def __init__(self, counts: Counts, since: datetime) -> None:
        self.counts = counts
        lost = counts.usable - counts.converted
        super().__init__(
            f"{counts.usable} usable records of leads created since {since:%Y-%m-%d} "
            f"({counts.converted} converted, {lost} not; {counts.leads} leads in all): "
            f"at least {settings.ML_MIN_RECORDS} in all are needed, with both outcomes among them. {_missing(counts)} "
            "Until then the rules score."
        )


def _missing(counts: Counts) -> str:
    """What there is too little of, in a sentence."""
    if counts.usable < settings.ML_MIN_RECORDS:
        undecided, missing = counts.leads - counts.usable, settings.ML_MIN_RECORDS - counts.usable
        waiting = f"; {_are(undecided, '', 'still undecided and younger than the horizon')}" if undecided else ""
        return f"{_are(missing, 'more decided ', 'missing')}{waiting}."
    return f"No lead that {'converted' if counts.converted == 0 else 'did not convert'} is among them."


def _are(leads: int, kind: str, what: str) -> str:
    return f"{leads} {kind}{'lead is' if leads == 1 else 'leads are'} {what}"


def start_training(
    *,
    org_id: str,
    by: str,
    trigger: str,
    algorithm: str = "auto",
    notes: str = "",
    labels: str = Labels.CENSORED,
    because: str = "",
    since: datetime | None = None,
    enqueue: bool = True,
) -> TrainingRun:
    """A queued run, or with `enqueue=False` one that the caller itself executes. `because` is what a trigger says.

    Raises TooFewRecords, AlreadyRunning, or ValueError where the algorithm is unknown.
    """
    algorithms.named(algorithm)
    untold.follow(org_id=org_id, at=timezone.now(), most=MOST_FOLLOWED)
    org = Organisation.get(org_id)
    until = org.now()
    window = Window(since or until - timedelta(days=DAYS_A_MONTH * settings.ML_TRAINING_MONTHS), until)
    TrainingRun.objects.of(org_id).retire_dead(at=timezone.now())
    counts = enough_records(org, window)
    run = _insert(
        org_id=org_id,
        started_by=by,
        trigger=trigger,
        algorithm=algorithm,
        notes=notes,
        labels=labels,
        because=because,
        since=window.since,
        as_of=window.until,
        outcomes=Outcome.objects.of(org_id).current().count(),
        last_outcome=Outcome.objects.order_by("-pk").values_list("pk", flat=True).first() or 0,
        counts=counts.to_json(),
    )
    if enqueue:
        transaction.on_commit(lambda: hand_to_worker(run, TRAIN_TASK))
    return run


def enough_records(org: Organisation, window: Window) -> Counts:
    """What there is to learn from. Raises TooFewRecords."""
    counts = labelled.count(org, since=window.since, until=window.until)
    if counts.usable < settings.ML_MIN_RECORDS or counts.converted in (0, counts.usable):
        raise TooFewRecords(counts, window.since)
    return counts


def _insert(**values: object) -> TrainingRun:
    """The run. Where the one that stood in its way has ended meanwhile, it is tried once more."""
    try:
        return _insert_once(**values)
    except IntegrityError as error:
        running = TrainingRun.objects.of(str(values["org_id"])).open().first()
        if running is not None:
            raise AlreadyRunning(running) from error
    return _insert_once(**values)


@transaction.atomic
def _insert_once(**values: object) -> TrainingRun:
    run: TrainingRun = TrainingRun.objects.create(**values)
    audit.record(
        org_id=run.org_id,
        act="training.start",
        subject=str(run.pk),
        by=run.started_by,
        at=run.created_at,
        reason=run.because or run.notes,
        evidence={"trigger": run.trigger, "algorithm": run.algorithm, "labels": str(run.labels)},
    )
    alarms.answer(run)
    return run


def execute(run: TrainingRun) -> None:
    """Does the run's work in this process. A run that another worker has, or that was cancelled, is left alone."""
    if not run.claim():
        return
    try:
        with beating(run):
            _train(run)
    except JobLost:
        return
    except NotEnoughData as error:
        _give_up(run, str(error))
    except Exception:
        _give_up(run, "Training stopped on an error of ours, which has been logged; nothing was changed.")
        raise


def _give_up(run: TrainingRun, reason: str) -> None:
    with transaction.atomic():
        chained.lock(run.org_id)
        if run.fail(reason):
            audit.record(
                org_id=run.org_id,
                act="training.fail",
                subject=str(run.pk),
                by=run.started_by,
                at=timezone.now(),
                reason=reason,
            )


def _train(run: TrainingRun) -> None:
    org, report = Organisation.get(run.org_id), TimedStages(run.report)
    report("reading", 0.01, "Reading the leads as they were.")
    rows = labelled.training_rows(org, since=run.window.since, until=run.window.until, labels=run.labels)
    with spread():
        learned = learn(
            rows,
            algorithm=run.algorithm,
            seed=settings.ML_SEED,
            report=report,
            n_jobs=settings.ML_TRAINING_JOBS,
            released=ReleasedAttribute.objects.features(run.org_id),
            rules=rules_of(run.org_id),
            cost_ratio=settings.ML_COST_RATIO,
        )
    verdict = gate.judge(org, rows, learned, at=timezone.now())
    report("registering", 0.97, verdict.words)
    _register(run, rows, learned, verdict)
    report.end()


def _register(run: TrainingRun, rows: LabelledRows, learned: Learned, verdict: gate.Verdict) -> None:
    """Version, artefact, card, activation and the run's end stand or fall together."""
    now, content = timezone.now(), write(learned.model)
    with transaction.atomic():
        # Holding the ledger's lock: nobody else changes what is live meanwhile, nor takes the next free name.
        ledger.lock(run.org_id)
        verdict = gate.still_holds(run.org_id, verdict)
        version = _new_version(run, rows, learned, digest_of(content), now)
        ModelArtefact.objects.create(version=version, content=content)
        audit.record(
            org_id=run.org_id,
            act="training.succeed",
            subject=version.version,
            by=run.started_by,
            at=now,
            after=version.version,
            reason=verdict.words,
            evidence=verdict.evidence,
        )
        validation.keep(run, verdict.checks)
        if verdict.activate:
            gate.activate_by(run.started_by, version, verdict)
        run.succeed(
            version=version, activated=verdict.activate, verdict=verdict.words, evidence=verdict.evidence, stage="done"
        )


def _new_version(run: TrainingRun, rows: LabelledRows, learned: Learned, digest: str, now: datetime) -> ModelVersion:
    version: ModelVersion = ModelVersion.objects.create(
        org_id=run.org_id,
        version=ModelVersion.objects.next_free_name(run.org_id, at=now),
        algorithm=learned.algorithm,
        created_at=now,
        metrics=learned.metrics,
        features=[feature.to_json() for feature in learned.model.features],
        importance=learned.importance,
        digest=digest,
        notes=run.notes,
        created_by=run.started_by,
        card=learned.card | _provenance(run, rows),
    )
    return version


def _provenance(run: TrainingRun, rows: LabelledRows) -> dict[str, object]:
    return {
        "run_id": str(run.pk),
        "trained_from": iso(run.window.since),
        "trained_until": iso(run.window.until),
        "records": run.counts,
        "snapshots": len(rows),
    }
