"""When training starts by itself, in plain words. Pure but for the types: no database, no clock."""

from __future__ import annotations

from models_registry.models import AlarmKind, Policy
from models_registry.triggers import Facts


def sentences(policy: Policy, facts: Facts, *, schedule: str) -> list[str]:
    """What the policy says, a sentence each, with how near it is; `schedule` is when the schedule trains, in words."""
    told = [
        f"On the schedule: {_lowered(schedule)}." if policy.schedule else "The schedule trains nothing here.",
        _on_outcomes(policy, facts),
        _on_alarm(policy.on_drift, AlarmKind.DRIFT, facts),
        _on_alarm(policy.on_calibration, AlarmKind.CALIBRATION, facts),
    ]
    if policy.new_outcomes or policy.on_drift or policy.on_calibration:
        told.append(f"Beside the schedule, never within {_hours(policy.hours_between)} of the training before.")
    told.append(_on_behaviour(policy))
    return told


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def _on_outcomes(policy: Policy, facts: Facts) -> str:
    since = f"{facts.new_outcomes:,} {'has' if facts.new_outcomes == 1 else 'have'} come in"
    if policy.new_outcomes is None:
        return f"Not for new outcomes alone; {since} since the last training."
    return f"Once {policy.new_outcomes:,} outcomes have come in since the last training; {since}."


def _on_alarm(heeded: bool, kind: AlarmKind, facts: Facts) -> str:
    raised = f" Raised now: {facts.alarms[kind]}" if kind in facts.alarms else ""
    return f"{'When' if heeded else 'Not when'} {kind.label}.{raised}"


def _hours(hours: int) -> str:
    return "an hour" if hours == 1 else f"{hours} hours"


def _on_behaviour(policy: Policy) -> str:
    if policy.behaviour_check:
        return "A version whose probability falls when a lead answers more is refused."
    return "How a version takes to a lead's answers is not checked."
