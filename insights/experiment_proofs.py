"""For the sceptical: every way of looking at the difference, and which method foretells better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from common.language import number
from experiments.analysis import Analysis
from experiments.comparison import Comparison
from insights import words
from insights.experiment_tables import Row, Table, action_label, arm_name, shown
from insights.experiment_words import estimate, p_value, share, signed, signed_share


def agreement(found: Analysis) -> Table:
    """What each method recommends for the same leads, and who converted."""
    rows = [
        (
            action_label(each.control_action),
            action_label(each.treatment_action),
            *((arm_name(found, each.variant),) if len(found.arms) > 2 else ()),
            words.plain(each.leads),
            share(each.matured.rate),
        )
        for each in sorted(found.agreement, key=lambda each: (each.variant, -each.leads))
    ]
    first = arm_name(found, found.arms[0].variant)
    both = (_("%s would have you") % first, _("The other would have you"))
    head = both + ((_("The other"),) if len(found.arms) > 2 else ()) + (_("Leads"), _("Converted"))
    return Table(
        "agreement",
        _("Where both agree"),
        _(
            "Both methods on the leads of all arms. Not randomised: it says which foretells better, not which sells "
            "more."
        ),
        head,
        rows,
    )


def foretelling(found: Analysis) -> Table:
    """How good each method's probabilities were by the same outcomes."""
    rows = [
        (
            arm_name(found, each.variant),
            words.plain(each.leads),
            _three(each.roc_auc),
            _three(each.log_loss),
            share(each.calibration_error),
            "–" if each.lift is None else _best_tenth(each.lift),
        )
        for each in found.merits
    ]
    return Table(
        "foretelling",
        _("Which foretells better"),
        _("By the same outcomes, on all leads of all arms whose window is over. Not randomised."),
        (_("Method"), _("Leads"), "ROC-AUC", _("Log loss"), _("Off on average"), _("Likeliest tenth")),
        rows,
    )


def _best_tenth(lift: Sequence[Mapping[str, Any]]) -> str:
    """How many times as many as on average convert in it."""
    return _("%s times the average") % number(f"{lift[0]['lift']:.1f}")


def _three(value: float | None) -> str:
    return "–" if value is None else words.plain(round(value, 3))


def tests(found: Analysis) -> Table:
    """All ways of looking at the difference, of which one decides."""
    rows: list[Row] = []
    for each in shown(found):
        rows += _tests_of(each, arm_name(found, each.variant) if len(found.arms) > 2 else "")
    return Table(
        "tests",
        _("Every way of looking"),
        _("Only the first decides: it holds however often one looks. The others are for comparison.")
        + ("" if len(found.arms) == 2 else " " + _("Its p is corrected for the number of new ways (Holm).")),
        (_("How"), _("Difference"), _("Between"), _("p")),
        rows,
    )


def _tests_of(each: Comparison, name: str) -> list[Row]:
    before = f"{name}: " if name else ""
    always, belief = each.always_valid, each.belief
    rows: list[Row] = [
        (before + _("Lift, at every look"), *estimate(always.lift, signed), p_value(each.adjusted_p)),
        (before + _("Lift, looked at once"), *estimate(each.lift, signed), p_value(each.fixed.p_value)),
        (before + _("Points, looked at once"), *estimate(each.difference, signed_share), p_value(each.fixed.p_value)),
        (
            before + _("Points, less what the model foresaw"),
            *estimate(each.less_noise.difference, signed_share),
            p_value(each.less_noise.p_value),
        ),
    ]
    if belief:
        said = _("%(better)s that it is better") % {"better": words.percent(belief.better)}
        lost = _("%s points lost if not") % signed_share(belief.loss_if_treatment)
        rows.append((before + _("Belief, which decides nothing"), said, lost, ""))
    return rows
