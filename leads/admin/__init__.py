"""What staff see of leads, one subject a file."""

from leads.admin.dossiers import DossierAdmin
from leads.admin.imports import ImportJobAdmin
from leads.admin.organisations import OrganisationAdmin
from leads.admin.outcomes import OutcomeAdmin

__all__ = ["DossierAdmin", "ImportJobAdmin", "OrganisationAdmin", "OutcomeAdmin"]
