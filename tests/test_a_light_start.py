"""A web server loads what requests need, and leaves what only training needs until it is asked for."""

import subprocess
import sys

HEAVY = ("sklearn", "pandas", "plotly", "joblib", "scipy.stats", "statsmodels", "lightgbm", "xgboost")
LOADED = f"import sys, leadqual.wsgi; print([name for name in {HEAVY} if name in sys.modules])"


def test_a_web_server_starts_without_what_only_learning_needs() -> None:
    started = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert started.stdout.splitlines()[-1] == "[]"
