from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from common import audit
from common.tenancy import org_of


class Command(BaseCommand):
    help = "Prints, once, the address that an authenticator app makes a person's codes from; earlier ones stop working."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        person = User.objects.filter(username=options["username"]).first()
        if person is None:
            raise CommandError(f"There is nobody called {options['username']}.")
        TOTPDevice.objects.filter(user=person).delete()
        device = TOTPDevice.objects.create(user=person, name="authenticator", confirmed=True)
        audit.record(org_id=org_of(person), act="totp.enrol", subject=person.username, by="command", at=timezone.now())
        self.stdout.write(device.config_url)
