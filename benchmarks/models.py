"""Which algorithm is how good, on real data and on leads whose truth is known, always measured on what came later.

    python -m benchmarks.models [--data x_education ...] [--algorithms auto random_forest ...]

Each data set is brought in by its ready mapping, learnt on its older 80 % and measured on the most recent 20 % of its
leads, all snapshots of a lead on one side. Which columns may be used follows from the mapping, the leakage guard and
the selection of features alone, once for all algorithms. Printed for each: ROC-AUC, log loss and calibration error on
the later leads, and the seconds that learning took; beside them the rules, and naive Bayes on exact categories.

loan_applications: ROC-AUC by the age of the application, of those still open at it. The most recent 20 % by
registration are measured, of those whose fate is known (labels "decided"). loan_applications_settled: the same with the
product's own labels, which leave out the last two months, where slow cases are not decided yet.
bank_marketing: the calibration error also after the product's own recalibration, `benchmarks.recalibrated`.
demonstration: the mean absolute error against the true probability, beside that of a correctly specified logistic
regression on the same rows, and how often the 90 % interval holds the truth, and its mean width.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Self

import numpy as np

from benchmarks.databases import own_database
from benchmarks.recalibrated import once, rolling
from common.arrays import Floats
from leads.features import LabelledRows
from models_registry.learning import algorithms
from models_registry.learning.baselines import Holdout, baselines
from models_registry.learning.evaluation import calibration_error, log_losses
from models_registry.learning.fitting import Fitting
from models_registry.learning.model import Model
from models_registry.learning.quick import auc_of
from models_registry.learning.screening import Screened, screen
from models_registry.learning.split import forward_split

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
LOANS, SETTLED = "loan_applications", "loan_applications_settled"
DATA = ("x_education", "bank_marketing", LOANS, SETTLED, "demonstration")
LOAN_AGES = (0.0, 1 / 24, 1.0, 3.0, 7.0, 14.0, 30.0)
AGES = {
    "x_education": (0.0,),
    "bank_marketing": (0.0,),
    LOANS: LOAN_AGES,
    SETTLED: LOAN_AGES,
    "demonstration": (0.0, 1.0, 3.0, 7.0, 14.0, 30.0),
}
SHOWN_AGES = {"at registration": 0.0, "after 1 hour": 1 / 24, "after 7 days": 7.0, "after 14 days": 14.0}
DEMO_LEADS, SEED = 3_000, 7
DEMO_UNTIL = datetime(2026, 11, 24, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Halves:
    """A data set as it is learnt from and measured on, without suspects; `unused` names features to leave out."""

    screened: Screened
    past: LabelledRows
    later: LabelledRows

    @classmethod
    def of(cls, rows: LabelledRows) -> Self:
        """Screens the rows on their older part, once for all algorithms."""
        train, test = forward_split(rows)
        screened = screen(rows, train, seed=SEED)
        return cls(screened, screened.rows.take(train), screened.rows.take(test))


@dataclass(frozen=True)
class Result:
    """What one algorithm reached on one data set: named figures, in the order in which they are printed."""

    algorithm: str
    figures: dict[str, float | None]
    words: str = ""


def files_of(name: str) -> dict[str, list[Path]]:
    """The files of a real data set."""
    if name == "bank_marketing":
        return {"leads": [ROOT / "examples" / "bank_marketing" / "bank-additional-full.csv.gz"]}
    if name == "x_education":
        return {"leads": [SHARED / name / "leads.csv.gz"]}
    return {"leads": [SHARED / LOANS / "cases.csv.gz"], "events": [SHARED / LOANS / "events.csv.gz"]}


def rows_of(name: str) -> LabelledRows:
    """The data set as labelled snapshots, read from the database that it was brought into."""
    from leads import labelled  # noqa: PLC0415
    from leads.cohorts import Labels  # noqa: PLC0415
    from leads.models import Organisation  # noqa: PLC0415

    _bring_in(name)
    org = Organisation.get(name)
    until = org.now()
    labels = Labels.DECIDED if name == LOANS else Labels.CENSORED
    since = until - timedelta(days=36_500)
    return labelled.training_rows(org, since=since, until=until, ages=AGES[name], labels=labels)


def _bring_in(name: str) -> None:
    from leads.demo.loading import load_demonstration  # noqa: PLC0415
    from leads.importing.files import Source  # noqa: PLC0415
    from leads.importing.mapping_toml import read_mapping  # noqa: PLC0415
    from leads.importing.rejects import Rejects  # noqa: PLC0415
    from leads.importing.run import import_files  # noqa: PLC0415

    if name == "demonstration":
        load_demonstration(org_id=name, leads=DEMO_LEADS, seed=SEED, until=DEMO_UNTIL, is_past=True)
        return
    sources = {kind: [Source(path, path.name) for path in paths] for kind, paths in files_of(name).items()}
    mapping = read_mapping(LOANS if name == SETTLED else name)
    import_files(org_id=name, mapping=mapping, by="benchmark", rejects=Rejects(), **sources)


def measured(name: str, halves: Halves, algorithm: str) -> Result:
    """Learns once, and takes the figures that are asked of this data set."""
    started = time.perf_counter()
    fitting = Fitting(algorithms.named(algorithm), halves.screened.unused, SEED, n_jobs=2)
    model = fitting.fit(halves.past, halves.later).model
    seconds = time.perf_counter() - started
    probability = model.score(halves.later.columns, contributions=False).probability
    figures = common(probability, halves.later) | dict(_special(name, model, halves.later, probability))
    chosen = "" if model.algorithm == algorithm else f"chose {model.algorithm}"
    return Result(algorithm, figures | {"seconds": seconds}, chosen)


def common(probability: Floats, later: LabelledRows) -> dict[str, float | None]:
    """What is asked of every data set."""
    return {
        "ROC-AUC": auc_of(probability, later),
        "log loss": float(np.average(log_losses(probability, later.converted), weights=later.weight)),
        "cal. error": calibration_error(probability, later.converted, later.weight),
    }


def _special(name: str, model: Model, later: LabelledRows, probability: Floats) -> Iterator[tuple[str, float | None]]:
    if name in (LOANS, SETTLED):
        yield from _by_age(later, probability)
    if name == "bank_marketing":
        yield "refitted once", once(later, probability)
        yield "every day", rolling(later, probability)
    if name == "demonstration":
        yield from _against_truth(model, later)


def _by_age(later: LabelledRows, probability: Floats) -> Iterator[tuple[str, float | None]]:
    ages = (later.moment - later.created_at) / np.timedelta64(86_400, "s")
    for words, age in SHOWN_AGES.items():
        rows = np.abs(ages - age) < 1e-3
        yield words, auc_of(probability[rows], later.take(rows))


def _against_truth(model: Model, later: LabelledRows) -> Iterator[tuple[str, float]]:
    from leads.demo.truth import true_probability  # noqa: PLC0415

    truth, scores = true_probability(later.columns), model.score(later.columns, contributions=False)
    yield "mean abs. error", float(np.average(np.abs(scores.probability - truth), weights=later.weight))
    inside = (scores.low <= truth) & (truth <= scores.high)
    yield "coverage", float(np.average(inside, weights=later.weight))
    yield "width", float(np.average(scores.high - scores.low, weights=later.weight))


def well_specified_error(rows: LabelledRows) -> float:
    """The mean absolute error of a logistic regression that is given the truth's own terms, on the same rows."""
    from sklearn.linear_model import LogisticRegressionCV  # noqa: PLC0415
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    from leads.demo.truth import regressors, true_probability  # noqa: PLC0415

    train, test = forward_split(rows)
    past, later = rows.take(train), rows.take(test)
    scaler = StandardScaler().fit(regressors(past.columns))
    fitted = LogisticRegressionCV(
        Cs=8, l1_ratios=(0,), scoring="neg_log_loss", max_iter=2_000, use_legacy_attributes=False
    ).fit(scaler.transform(regressors(past.columns)), past.converted, sample_weight=past.weight)
    probability = fitted.predict_proba(scaler.transform(regressors(later.columns)))[:, 1]
    return float(np.average(np.abs(probability - true_probability(later.columns)), weights=later.weight))


def beside(halves: Halves) -> Iterator[Result]:
    """The rules and naive Bayes, as a card has them."""
    holdout = Holdout(halves.later, np.full(len(halves.later), 0.5), SEED)
    for name, metrics in baselines(halves.past, holdout).items():
        shown = ("roc_auc", "log_loss", "calibration_error")
        yield Result(name, {figure: metrics.get(figure) for figure in shown})


def table(name: str, names: list[str]) -> None:
    """Measures one data set and prints its table."""
    rows = rows_of(name)
    halves = Halves.of(rows)
    print(f"\n{name}: {_size(halves.past)}, then {_size(halves.later)}", flush=True)
    for algorithm in names:
        _print(measured(name, halves, algorithm), is_first=algorithm == names[0])
    for result in beside(halves):
        _print(result)
    gone = {feature.name for feature in rows.features} - {feature.name for feature in halves.past.features}
    print("  not used:", ", ".join(sorted(gone | set(halves.screened.unused))) or "none")
    if name == "demonstration":
        print(f"  a correctly specified logistic regression: mean abs. error {well_specified_error(rows):.4f}")


def _size(rows: LabelledRows) -> str:
    return f"{len(rows):,} snapshots of {len(np.unique(rows.dossier)):,} leads"


def _print(result: Result, *, is_first: bool = False) -> None:
    if is_first:
        print(f"  {'':20}" + "".join(f"{name:>17}" for name in result.figures))
    shown = (
        "-" if value is None else f"{value:.4f}" if name != "seconds" else f"{value:.0f}"
        for name, value in result.figures.items()
    )
    print(f"  {result.algorithm:20}" + "".join(f"{each:>17}" for each in shown), result.words, flush=True)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=list(DATA), choices=DATA)
    parser.add_argument("--algorithms", nargs="+", default=list(algorithms.NAMES), choices=algorithms.NAMES)
    asked = parser.parse_args()
    with own_database():
        for name in asked.data:
            missing = [path for paths in files_of(name).values() for path in paths if not path.is_file()]
            if missing and name != "demonstration":
                print(f"\n{name}: {', '.join(path.name for path in missing)} not beside the project")
                continue
            table(name, asked.algorithms)


if __name__ == "__main__":
    main()
