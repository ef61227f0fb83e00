"""Figures of other implementations, as they gave them."""

import json
from pathlib import Path
from typing import Any


def figures(name: str) -> Any:
    """Those of one file."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))
