from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from common.tenancy import DEFAULT_ORG
from models_registry.transfer import CannotExport, export_version, own_name


class Command(BaseCommand):
    help = "Writes a version, signed, into a file for another installation, and prints the key that signed it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", nargs="?", help="which; without it only the key is printed")
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")
        parser.add_argument("--to", type=Path, help="the file (default: model-VERSION.sealed here)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["version"]:
            self._export(options["org"], options["version"], options["to"])
        self.stdout.write(own_name())

    def _export(self, org_id: str, version: str, to: Path | None) -> None:
        try:
            with transaction.atomic():  # no audit row says that a version went out where no file could be written
                data = export_version(org_id=org_id, version=version, by="command", at=timezone.now())
                (to or Path(f"model-{version}.sealed")).write_bytes(data)
        except CannotExport as error:
            raise CommandError(str(error.detail)) from error
        except OSError as error:
            raise CommandError(str(error)) from error
