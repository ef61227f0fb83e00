"""The accounts that `make run` makes, and whether the password that it prints opens them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User

from leadqual.places import forget_secret, kept_secret
from leadqual.prepare import ACCOUNTS, KEPT_AS, demo_password, make_accounts


@pytest.mark.django_db
def test_the_printed_password_opens_the_accounts_the_second_time_too(var: Path) -> None:
    make_accounts(demo_password())
    make_accounts(demo_password())
    password = kept_secret(KEPT_AS)
    assert all(User.objects.get(username=name).check_password(password) for name in ACCOUNTS)


@pytest.mark.django_db
def test_of_accounts_that_came_with_a_backup_no_password_is_printed(var: Path) -> None:
    make_accounts(demo_password())
    forget_secret(KEPT_AS)  # another folder, into which the data were restored
    make_accounts(demo_password())
    assert kept_secret(KEPT_AS) == ""


@pytest.mark.django_db
def test_what_one_of_them_has_chosen_since_stays_and_the_others_are_told(var: Path) -> None:
    make_accounts(demo_password())
    admin = User.objects.get(username="admin")
    admin.set_password("my own")
    admin.save()
    make_accounts(demo_password())
    assert User.objects.get(username="admin").check_password("my own")
    assert User.objects.get(username="staff").check_password(kept_secret(KEPT_AS))
