from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from common.tenancy import DEFAULT_ORG
from models_registry.transfer import LARGEST_FILE, CannotImport, import_version


class Command(BaseCommand):
    help = "Takes in a version that a trusted installation has exported; it is not active until somebody activates it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open("rb") as file:
                data = file.read(LARGEST_FILE + 1)
            version = import_version(org_id=options["org"], data=data, by="command", at=timezone.now())
        except (CannotImport, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Version {version} is here, and not active.")
