#!/usr/bin/env python
"""Django's commands. The embedded servers run as long as a command needs them, or longer where others do."""

import contextlib
import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

from leadqual import embedded

WITHOUT_SERVERS = {"check", "collectstatic", "diffsettings", "help", "spectacular", "version", "--help", "--version"}


def main(arguments: list[str]) -> None:
    """Runs one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadqual.settings")
    alone = len(arguments) < 2 or arguments[1] in WITHOUT_SERVERS or "--help" in arguments
    try:
        with contextlib.nullcontext() if alone else embedded.running():
            execute_from_command_line(arguments)
    except embedded.CannotStart as error:
        sys.exit(str(error))
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) or "--traceback" in arguments:
            raise  # the database has answered
        sys.exit(f"The database cannot be reached: {error}")


if __name__ == "__main__":
    main(sys.argv)
