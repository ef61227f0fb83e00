"""What the admins of all rooms have in common, and the tables of this one: one subject a file."""

from common.admin.audit import AuditEntryAdmin
from common.admin.people import PersonAdmin, RoleAdmin
from common.admin.rows import LongTable, OwnOrganisationAdmin, ReadOnlyAdmin
from common.admin.schedules import ScheduleAdmin
from common.admin.times import ClockedAdmin, CrontabAdmin, IntervalAdmin, SolarAdmin
from common.admin.tokens import ServiceTokenAdmin

__all__ = [
    "AuditEntryAdmin",
    "ClockedAdmin",
    "CrontabAdmin",
    "IntervalAdmin",
    "LongTable",
    "OwnOrganisationAdmin",
    "PersonAdmin",
    "ReadOnlyAdmin",
    "RoleAdmin",
    "ScheduleAdmin",
    "ServiceTokenAdmin",
    "SolarAdmin",
]
