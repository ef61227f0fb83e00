"""What a training query pretends that counts all that ever happened to a lead, and not what had happened by the moment.

    python -m benchmarks.counter_example [--leads 3000]

The same leads, labels, learner and split, first with features as of each lead's creation, then with features as of now:
what came after a sale (a welcome, a contract, ten more messages) counts as if it had foretold it. On the demonstration,
and on the loan applications where `../shared/data` has them. Printed are forward ROC-AUCs with 95 % intervals; the
second is not to be believed, since at the moment at which a lead is scored none of this has happened.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import timedelta
from typing import Any

from benchmarks.importing import SHARED, own_database

SEED, PERIOD = 7, timedelta(days=365)


def both(org_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures with features as of the moment, and with features as of now."""
    from leads import labelled, snapshots  # noqa: PLC0415
    from leads.catalogue import columns_of  # noqa: PLC0415
    from leads.models import Organisation  # noqa: PLC0415
    from models_registry.learning.fit import learn  # noqa: PLC0415

    org = Organisation.get(org_id)
    now = org.now()
    honest = labelled.training_rows(org, since=now - PERIOD, until=now, ages=(0.0,))
    as_of_now = snapshots.take(org, honest.dossier.tolist(), [now] * len(honest))
    of_old = replace(honest, columns=columns_of(as_of_now, honest.features))
    return tuple(learn(rows, seed=SEED, algorithm="random_forest").metrics for rows in (honest, of_old))  # type: ignore[return-value]


def demonstration(leads: int) -> str:
    """Loads it; its organisation."""
    from django.core.management import call_command  # noqa: PLC0415

    call_command("demo_data", leads=leads, org="demonstration", until="2026-03-02T09:00:00+00:00", verbosity=0)
    return "demonstration"


def loans() -> str:
    """Imports them; their organisation."""
    from leads.importing.files import Source  # noqa: PLC0415
    from leads.importing.mapping_toml import read_mapping  # noqa: PLC0415
    from leads.importing.rejects import Rejects  # noqa: PLC0415
    from leads.importing.run import import_files  # noqa: PLC0415

    files = {"leads": SHARED / "cases.csv.gz", "events": SHARED / "events.csv.gz"}
    mapping, sources = read_mapping("loan_applications"), {name: [Source(f, f.name)] for name, f in files.items()}
    import_files(org_id="loans", mapping=mapping, by="benchmark", rejects=Rejects(), **sources)
    return "loans"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=3000)
    asked = parser.parse_args()
    print(f"{'':22}{'as of the moment':>26}{'as of now':>26}")
    with own_database():
        _print("demonstration", demonstration(asked.leads))
        if SHARED.is_dir():
            _print("loan applications", loans())


def _print(name: str, org_id: str) -> None:
    cells = [f"{each['roc_auc']:.3f} ({_interval(each)})" for each in both(org_id)]
    print(f"{name:22}" + "".join(f"{cell:>26}" for cell in cells), flush=True)


def _interval(metrics: dict[str, Any]) -> str:
    low, high = metrics["intervals"]["roc_auc"]
    return f"{low:.3f} to {high:.3f}"


if __name__ == "__main__":
    main()
