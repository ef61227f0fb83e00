from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import Conflict, Unavailable
from common.tenancy import DEFAULT_ORG
from models_registry.models import ModelVersion
from models_registry.recalibration import roll_back_calibration
from predictions.recalibrating import recalibrate_now


class Command(BaseCommand):
    help = "Refits the active version's calibration on recent outcomes, without training; or restores the one before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", default=DEFAULT_ORG, help="the organisation (default: %(default)s)")
        parser.add_argument("--reason", default="", help="why, for the ledger")
        parser.add_argument("--undo", action="store_true", help="restore the calibration before the present one")

    def handle(self, *args: Any, **options: Any) -> None:
        act = roll_back_calibration if options["undo"] else recalibrate_now
        try:
            version = act(org_id=options["org"], by="command", reason=options["reason"])
        except ModelVersion.DoesNotExist as error:
            raise CommandError(f"No version is active in {options['org']}: the rules score.") from error
        except (Conflict, Unavailable) as error:
            raise CommandError(str(error.detail)) from error
        self.stdout.write(f"Version {version} is calibrated by {version.calibration or 'its own map'} from now on.")
