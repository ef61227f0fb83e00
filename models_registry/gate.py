"""Whether a new version may score: both models on the same newest leads, by paired tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from leads import snapshots
from leads.catalogue import columns_of
from leads.features import LabelledRows
from leads.models import Dossier, Organisation
from models_registry import artefacts, scorers
from models_registry.activation import activate
from models_registry.learning.comparison import compare
from models_registry.learning.fit import Learned
from models_registry.models import ModelVersion
from models_registry.validation import Check, validate

ACTIVATED = "Activated: "
CHOSEN_MEANWHILE = "Another version became active while this one was compared with the one before."


@dataclass(frozen=True)
class Verdict:
    """Whether to activate, why in words, the numbers behind it, and each check that led to it.

    `against` is the version that was active when it was compared, "" where none was.
    """

    activate: bool
    words: str
    evidence: dict[str, Any] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    against: str = ""


def judge(org: Organisation, rows: LabelledRows, learned: Learned, *, at: datetime) -> Verdict:
    """The verdict on a version just learnt from `rows`: every check, and then the comparison with the active one."""
    checks = validate(org.org_id, rows, learned)
    compared = _compared(org, rows, learned, at=at)
    kept_back = compared.activate and not all(check.passed for check in checks)
    told = _without_activation(compared.words) if kept_back else compared.words
    checks += (Check("gate", compared.activate, told, compared.evidence),)
    failed = [check for check in checks if not check.passed]
    if not failed or failed[0].name == "gate":
        return replace(compared, checks=checks)
    words = " ".join(check.words for check in failed if check.name != "gate")
    evidence = compared.evidence | failed[0].evidence | {"failed": [check.name for check in failed]}
    return Verdict(False, f"Not activated: {words}", evidence, checks)


def _without_activation(words: str) -> str:
    """What speaks for a version that another check keeps from being activated: nothing says that it was."""
    why = words.removeprefix(ACTIVATED)
    return why[:1].upper() + why[1:]


def _compared(org: Organisation, rows: LabelledRows, learned: Learned, *, at: datetime) -> Verdict:
    champion = ModelVersion.objects.of(org.org_id).active().first()
    if champion is None:
        return Verdict(True, f"{ACTIVATED}no version was active before.")
    return replace(_against(org, champion, rows, learned, at=at), against=champion.version)


def _against(
    org: Organisation, champion: ModelVersion, rows: LabelledRows, learned: Learned, *, at: datetime
) -> Verdict:
    newest = rows.take(learned.holdout.rows)
    try:
        model = scorers.for_row(champion).scorer
    except artefacts.UnknownFeatures:
        return Verdict(True, f"{ACTIVATED}the active version {champion.version} reads what is not known of leads here.")
    except artefacts.DamagedArtefact:
        return Verdict(True, f"{ACTIVATED}the artefact of the active version {champion.version} is damaged.")
    kept = np.flatnonzero(_still_there(org, newest))
    newest = newest.take(kept)
    columns = columns_of(snapshots.take(org, newest.dossier, newest.moment), model.features)
    comparison = compare(
        champion=model.score(columns, contributions=False).probability,
        challenger=learned.holdout.probability[kept],
        converted=newest.converted,
        weight=newest.weight,
        dossier=newest.dossier,
        seed=settings.ML_SEED,
    )
    evidence = comparison.to_json() | {"champion": champion.version}
    if comparison.better:
        return Verdict(True, f"{ACTIVATED}{comparison.words}", evidence)
    too_old = at - champion.created_at > timedelta(days=settings.ML_CHAMPION_MAX_AGE_DAYS)
    if comparison.not_worse and too_old:
        return Verdict(
            True,
            f"{ACTIVATED}the active version is older than {settings.ML_CHAMPION_MAX_AGE_DAYS} days and the new "
            f"one is not worse. {comparison.words}",
            evidence,
        )
    return Verdict(False, f"Not activated: {comparison.words}", evidence)


def _still_there(org: Organisation, rows: LabelledRows) -> NDArray[np.bool_]:
    """Which rows' leads were not forgotten while the model was learnt, (n,)."""
    dossiers = Dossier.objects.of(org.org_id).filter(pk__in=np.unique(rows.dossier).tolist())
    return np.isin(rows.dossier, list(dossiers.values_list("pk", flat=True)))


def still_holds(org_id: str, verdict: Verdict) -> Verdict:
    """The verdict, where what it was held against is still what scores: else somebody has chosen meanwhile.

    Needs the ledger's lock.
    """
    active = ModelVersion.objects.of(org_id).active().values_list("version", flat=True).first() or ""
    if not verdict.activate or active == verdict.against:
        return verdict
    *others, gate = verdict.checks
    checks = (*others, replace(gate, passed=False, words=CHOSEN_MEANWHILE))
    return replace(verdict, activate=False, words=f"Not activated: {CHOSEN_MEANWHILE}", checks=checks)


def activate_by(by: str, version: ModelVersion, verdict: Verdict) -> None:
    """Activates what the gate has passed, with its evidence in the row."""
    activate(
        org_id=version.org_id,
        version=version.version,
        by=by,
        reason=verdict.words,
        evidence=verdict.evidence,
        act="activate",
    )
