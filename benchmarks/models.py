"""Which algorithm is how good, on real data and on leads whose truth is known, always measured on what came later.

    python -m benchmarks.models [--data x_education ...] [--algorithms auto random_forest ...]

Each data set is brought in by its ready mapping, learnt on its older 80 % and measured on the most recent 20 % of its
leads, all snapshots of a lead on one side. Which columns may be used follows from the mapping, the leakage guard and
the selection of features alone. Printed for each algorithm: ROC-AUC, log loss and calibration error on the later leads,
and the seconds it took; beside them the two baselines, the rules and naive Bayes on exact categories.

loan_applications: ROC-AUC by the age of the application, of those still open at it. bank_marketing: the calibration
error also after the map was refitted on the first tenth of the later leads, measured on the other nine.
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
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.databases import own_database
from leads.features import LabelledRows
from models_registry.learning import algorithms
from models_registry.learning.calibration import BetaCalibration
from models_registry.learning.evaluation import calibration_error, evaluate
from models_registry.learning.fit import Learned, learn
from models_registry.learning.split import forward_split

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
DATA = ("x_education", "bank_marketing", "loan_applications", "demonstration")
AGES = {
    "x_education": (0.0,),
    "bank_marketing": (0.0,),
    "loan_applications": (0.0, 1 / 24, 1.0, 3.0, 7.0, 14.0, 30.0),
    "demonstration": (0.0, 1.0, 3.0, 7.0, 14.0, 30.0),
}
SHOWN_AGES = {"at registration": 0.0, "after 1 hour": 1 / 24, "after 7 days": 7.0, "after 14 days": 14.0}
DEMO_LEADS, SEED = 3_000, 7
DEMO_UNTIL = datetime(2026, 11, 24, tzinfo=timezone.utc)


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
    return {"leads": [SHARED / name / "cases.csv.gz"], "events": [SHARED / name / "events.csv.gz"]}


def rows_of(name: str) -> LabelledRows:
    """The data set as labelled snapshots, read from the database that it was brought into."""
    from leads import labelled  # noqa: PLC0415
    from leads.models import Organisation  # noqa: PLC0415

    _bring_in(name)
    org = Organisation.get(name)
    until = org.now()
    return labelled.training_rows(org, since=until - timedelta(days=36_500), until=until, ages=AGES[name])


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
    import_files(org_id=name, mapping=read_mapping(name), by="benchmark", rejects=Rejects(), **sources)


def measured(name: str, rows: LabelledRows, algorithm: str) -> tuple[Result, Learned]:
    """Learns once, and takes the figures that are asked of this data set."""
    started = time.perf_counter()
    learned = learn(rows, seed=SEED, algorithm=algorithm)
    seconds = time.perf_counter() - started
    later = rows.take(learned.holdout.rows)
    figures = _common(learned.metrics) | dict(_special(name, learned, later)) | {"seconds": seconds}
    chosen = "" if learned.algorithm == algorithm else f"chose {learned.algorithm}"
    return Result(algorithm, figures, chosen), learned


def _common(metrics: dict[str, Any]) -> dict[str, float | None]:
    return {"ROC-AUC": metrics["roc_auc"], "log loss": metrics["log_loss"], "cal. error": metrics["calibration_error"]}


def _special(name: str, learned: Learned, later: LabelledRows) -> Iterator[tuple[str, float | None]]:
    if name == "loan_applications":
        yield from _by_age(later, learned.holdout.probability)
    if name == "bank_marketing":
        yield "after refit", refitted_error(later, learned.holdout.probability)
    if name == "demonstration":
        yield from _against_truth(learned, later)


def _by_age(later: LabelledRows, probability: NDArray[np.float64]) -> Iterator[tuple[str, float | None]]:
    ages = (later.moment - later.created_at) / np.timedelta64(86_400, "s")
    for words, age in SHOWN_AGES.items():
        rows = np.abs(ages - age) < 1e-3
        part = later.take(rows)
        yield words, evaluate(probability[rows], part.converted, part.weight, part.dossier, seed=SEED)["roc_auc"]


def refitted_error(later: LabelledRows, probability: NDArray[np.float64]) -> float:
    """The calibration error on nine tenths of the later leads, the map refitted on the first tenth of them."""
    order = np.argsort(later.moment, kind="stable")
    first, rest = np.split(order, [len(order) // 10])
    refit = BetaCalibration.fit(probability[first], later.converted[first], later.weight[first])
    return calibration_error(refit(probability[rest]), later.converted[rest], later.weight[rest])


def _against_truth(learned: Learned, later: LabelledRows) -> Iterator[tuple[str, float]]:
    from leads.demo.truth import true_probability  # noqa: PLC0415

    truth, scores = true_probability(later.columns), learned.model.score(later.columns, contributions=False)
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


def baselines(learned: Learned) -> Iterator[Result]:
    """The rules and naive Bayes, as the card has them."""
    for name, metrics in learned.card.get("baselines", {}).items():
        yield Result(name, _common(metrics))


def table(name: str, names: list[str]) -> None:
    """Measures one data set and prints its table."""
    rows = rows_of(name)
    print(f"\n{name}: {len(rows):,} snapshots of {len(np.unique(rows.dossier)):,} leads", flush=True)
    learned = None
    for algorithm in names:
        result, learned = measured(name, rows, algorithm)
        _print(result, is_first=algorithm == names[0])
    if learned is not None:
        for result in baselines(learned):
            _print(result)
        print("  not used:", ", ".join(f["name"] for f in learned.card["features"] if not f["used"]) or "none")
    if name == "demonstration":
        print(f"  a correctly specified logistic regression: mean abs. error {well_specified_error(rows):.4f}")


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
            if name in ("x_education", "loan_applications") and not (SHARED / name).is_dir():
                print(f"\n{name}: ../shared/data/{name} is not beside the project")
                continue
            table(name, asked.algorithms)


if __name__ == "__main__":
    main()
