"""A web server loads what requests need, and leaves what only training needs until it is asked for."""

import subprocess
import sys

HEAVY = (
    "sklearn",
    "pandas",
    "plotly.graph_objs._figure",
    "joblib",
    "scipy.stats",
    "statsmodels",
    "lightgbm",
    "xgboost",
)
VIEWS = ("leadqual.urls", "predictions.api.views", "insights.views.today")


def loaded_by_a_start(names: tuple[str, ...]) -> str:
    asked = f"import sys, leadqual.wsgi; print([name for name in {names} if name in sys.modules])"
    return subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    ).stdout.splitlines()[-1]


def test_a_web_server_starts_without_what_only_learning_needs() -> None:
    assert loaded_by_a_start(HEAVY) == "[]"


def test_every_view_is_loaded_before_workers_are_forked() -> None:
    assert loaded_by_a_start(VIEWS) == str(list(VIEWS))
