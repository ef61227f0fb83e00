"""Structured logs: JSON for machines, or lines for a terminal, each with the request's id."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

DETAIL = re.compile(r"\s*\b(?:DETAIL|CONTEXT|QUERY|HINT|LINE \d+):.*", re.DOTALL)
"""What PostgreSQL adds to an error's first line: values of the row, which may be a person's."""
GRAVE = ("warning", "error", "critical")


def without_rows(logger: Any, name: str, event: EventDict) -> EventDict:
    """Leaves of each error that the database refused only what it says, and nothing of the row that it says it of."""
    if event.get("level") not in GRAVE:
        return event
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = DETAIL.sub("", value)
    traceback = event.get("exception")
    for error in traceback if isinstance(traceback, list) else []:
        error["exc_value"] = DETAIL.sub("", error["exc_value"])
    return event


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.StackInfoRenderer(),
]


def _as_json(event: EventDict, **named: Any) -> str:
    try:
        return orjson.dumps(event, default=named["default"], option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a whole number of more than 64 bits
        return json.dumps(event, **named)


def configure() -> None:
    """Tells structlog to hand its events to the standard library's handlers."""
    # No line names its place in the code or its thread, so logging need not look these up.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def configuration(form: str, level: str) -> dict[str, Any]:
    """The standard library's logging, as `form` (`json` or `console`) on standard error."""
    # Python's own tracebacks. Where rich happens to be installed it would draw them, all variables too: that takes half
    # a minute, in which every thread of the process waits to write its next line.
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer: Processor = structlog.processors.JSONRenderer(_as_json) if form == "json" else console
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        # Without local variables: they hold what people have told us.
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        last += [structlog.processors.ExceptionRenderer(tracebacks), without_rows]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [*last, renderer],
                "foreign_pre_chain": SHARED,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level, "propagate": True},
            "django.server": {"level": "WARNING", "propagate": True},
            # Each request is one line of django-structlog's already.
            "django.request": {"level": "ERROR", "propagate": True},
        },
    }
