"""No secret stands in a file of the project."""

import re
import subprocess
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
SECRET = re.compile(
    "|".join(
        (
            r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
            r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}",  # a signed token
            r"\bAKIA[0-9A-Z]{16}\b",
            r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
            r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
            r"\bsk-[A-Za-z0-9_-]{32,}",
            r"://[^\s/:@'\"{}]+:(?!password@)[^\s/:@'\"{}]{6,}@",  # an address with a password in it
        )
    )
)


def test_no_file_of_the_project_holds_a_secret() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    paths = [ROOT / name for name in listed.split("\0") if name] or [
        *ROOT.glob("*/**/*.py"),
        *ROOT.glob("docs/**/*.md"),
    ]
    for path in (path for path in paths if path.is_file() and path.stat().st_size < 2_000_000):
        found = SECRET.search(path.read_text(encoding="utf-8", errors="replace"))
        assert found is None, f"{path.relative_to(ROOT)}: {found and found[0][:12]}…"


def test_what_looks_like_a_secret_is_found() -> None:
    for text in ("-----BEGIN PRIVATE " + "KEY-----", "AKIA" + "A" * 16, "postgres://me:hunter22" + "@db/x"):
        assert SECRET.search(text)
