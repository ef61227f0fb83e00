"""People, with the organisation that each works for."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django_otp.plugins.otp_totp.models import TOTPDevice

from common.models import Membership


class MembershipInline(admin.StackedInline):  # type: ignore[type-arg]
    """The organisation that a person works for, on the person's page."""

    model = Membership
    can_delete = False


admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.unregister(TOTPDevice)  # it shows the secrets; `manage.py enrol_totp` shows one once


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    """A person, with the organisation."""

    inlines = (MembershipInline,)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """What people of a group may do, chosen from a list that is read out as one."""

    filter_horizontal = ()
