"""What is stored of imports in words: why a row or a file was not taken, and what came of it. Pure: no Django.

Each phrase stands here as the module that makes it has it; a test holds both together.
"""

from __future__ import annotations

from common.phrasebook import Phrasebook
from common.tongue import gettext_noop

CELLS = (
    gettext_noop("%(value)s is not a number"),
    gettext_noop("%(value)s is too large a number"),
    gettext_noop("%(value)s is neither yes nor no"),
    gettext_noop("%(value)s is neither INBOUND nor OUTBOUND"),
    gettext_noop("%(value)s is not a text"),
    gettext_noop("%(value)s is longer than %(most)s characters"),
    gettext_noop("%(value)s is not a lead's number (a positive whole number)"),
    gettext_noop("%(value)s is not a time of the form %(form)s"),
    gettext_noop("%(value)s is not a date of the form %(form)s"),
    gettext_noop("%(value)s does not lie between the years 1900 and 2200"),
    gettext_noop("%(value)s does not give a time between the years 1900 and 2200"),
    gettext_noop("%(value)s does not lie between %(low)s and %(high)s"),
    gettext_noop("a text has at most %(most)s characters."),
    gettext_noop("a number must be finite and below 1e300."),
    gettext_noop("must be a number, true, false, a text or null."),
    gettext_noop("the status is missing"),
    gettext_noop("the time is missing"),
    gettext_noop("the event's kind is missing"),
)
ROWS = (
    gettext_noop("%(place)s: %(reason)s"),
    gettext_noop("%(cells)s cells where the header has %(columns)s"),
    gettext_noop("the row cannot be read: %(problem)s"),
    gettext_noop("the line is longer than a million characters"),
    gettext_noop("the text is not in the file's encoding"),
    gettext_noop("the text holds a NUL character"),
    gettext_noop("a text holds a character that cannot be stored"),
    gettext_noop("not valid JSON: %(problem)s"),
    gettext_noop("not valid JSON: %(word)s is not a number in JSON"),
    gettext_noop("not a JSON object"),
    gettext_noop("lead %(lead)s stands already in line %(line)s"),
    gettext_noop("there is no lead %(lead)s"),
    gettext_noop("the database refuses it: %(problem)s"),
)
FILES = (
    gettext_noop("The file unpacks to more than may be imported at once; split it."),
    gettext_noop("The file is one JSON array; write one object a line instead."),
    gettext_noop("The file is damaged: %(problem)s"),
    gettext_noop("This is a zip archive or an Excel workbook; save the sheet as CSV."),
    gettext_noop("The file cannot be read: %(problem)s"),
    gettext_noop("The file is empty."),
    gettext_noop("The header cannot be read: %(why)s."),
    gettext_noop("The header cannot be read: %(problem)s"),
    gettext_noop("The file has more than %(columns)s columns."),
    gettext_noop("The header names a column twice: %(which)s."),
    gettext_noop("A lead has at most %(most)s attributes; this file has %(attributes)s."),
    gettext_noop("The workers could not be reached; send the file again."),
    gettext_noop("The import stopped on an error of ours, which has been logged; what it took stays."),
)
FITTING = (
    gettext_noop("the mapping has no table [%(table)s]"),
    gettext_noop("the mapping has no table [%(table)s], which %(file)s needs"),
    gettext_noop("%(file)s has no column %(value)s"),
    gettext_noop("%(file)s has no column %(value)s; it has %(known)s"),
    gettext_noop("%(value)s means won in %(org)s; change it there first"),
    gettext_noop("%(value)s means lost in %(org)s; change it there first"),
)
MAPPINGS = (
    gettext_noop("there is no ready mapping %(value)s; there are %(known)s"),
    gettext_noop("there is no ready mapping %(value)s; did you mean %(near)s?; there are %(known)s"),
    gettext_noop("not valid TOML: %(problem)s"),
    gettext_noop("line %(line)s: %(reason)s"),
    gettext_noop("the mapping: %(reason)s"),
    gettext_noop("%(reason)s; did you mean %(near)s?"),
    gettext_noop("there is no such key here"),
    gettext_noop("needs %(value)s"),
    gettext_noop("needs %(value)s, and has %(near)s"),
    gettext_noop("needs a table [leads] or [events]"),
    gettext_noop("needs at least one column"),
    gettext_noop("must be a text"),
    gettext_noop("must be a text or an array"),
    gettext_noop("must be a text or a table"),
    gettext_noop("must be a text or a time or a date"),
    gettext_noop("must be an array"),
    gettext_noop("must be a table"),
    gettext_noop("must be true or false"),
    gettext_noop("must be a whole number or a number"),
    gettext_noop("must be one character"),
    gettext_noop("must be tables: write [[events.rules]]"),
    gettext_noop("must hold texts"),
    gettext_noop("must give a text for each word"),
    gettext_noop("%(value)s is not one of %(known)s"),
    gettext_noop("%(value)s is not a time zone"),
    gettext_noop("%(value)s is not an ISO time"),
    gettext_noop("%(value)s is not a duration like 90s, 10m, 1.5h, 3d or 2w"),
    gettext_noop("%(value)s is too long a duration"),
    gettext_noop("%(value)s is not a text with columns in braces"),
    gettext_noop("%(value)s cannot mean both won and lost"),
    gettext_noop("an order as clock needs a `start` and a `step` above 0"),
    gettext_noop("an outcome has a column of times or a time after creation, not both"),
    gettext_noop("a rule with an outcome must bound the status: name %(value)s in its `when`, or give a `status`"),
    gettext_noop("an attribute's name may not be empty."),
    gettext_noop("an attribute's name has at most %(most)s characters."),
    gettext_noop("an attribute's name may not begin with @."),
)
TOLD = (
    gettext_noop("%(file)s: %(rows)s leads read (%(counts)s), %(speed)s."),
    gettext_noop("%(file)s: %(rows)s events read (%(counts)s), %(speed)s."),
    gettext_noop("%(new)s new, %(changed)s changed, %(same)s known already, %(rejected)s rejected"),
    gettext_noop("%(new)s new, %(same)s known already, %(rejected)s rejected"),
    gettext_noop("%(counts)s, %(ignored)s ignored by the mapping"),
    gettext_noop("%(each)s rows a second"),
    gettext_noop("at once"),
    gettext_noop("%(org)s keeps its time zone %(zone)s; times without an offset are read in %(read)s."),
    gettext_noop("The records reach the present, so the organisation is a live one."),
    gettext_noop("%(org)s has data beyond the end of these records (%(end)s UTC): it stays live."),
    gettext_noop("The records of %(org)s end at %(end)s UTC, which is its present until something later comes in."),
)
PHRASES = Phrasebook(
    (*CELLS, *ROWS, *FILES, *FITTING, *MAPPINGS, *TOLD),
    words=(
        *("form", "low", "high", "place", "problem", "word", "which", "table", "file", "org", "known"),
        *("zone", "read", "end"),
    ),
    quoted=("value", "near"),
    parts=("reason", "why", "counts", "speed"),
    in_turn=False,
)
