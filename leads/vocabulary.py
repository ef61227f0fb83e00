"""The distinct sources, regions, owners and statuses of an organisation's leads, by skipping through an index."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

MOST = 300
WORDS = """
(WITH RECURSIVE told AS (
    (SELECT {column} AS word FROM dossier WHERE org_id = %(org_id)s AND {column} > '' ORDER BY 1 LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM dossier WHERE org_id = %(org_id)s AND {column} > told.word ORDER BY 1 LIMIT 1)
    FROM told WHERE told.word IS NOT NULL)
SELECT '{column}', word FROM told WHERE word IS NOT NULL LIMIT %(most)s)
"""


def words_of(org_id: str, columns: Sequence[str], *, most: int = MOST) -> dict[str, list[str]]:
    """The words of each of these columns, in their order, the first `most` of them. One statement.

    A column is `source`, `region`, `owner` or `status`: those that an index sorts.
    """
    statement = "UNION ALL".join(WORDS.format(column=column) for column in columns)
    found: dict[str, list[str]] = {column: [] for column in columns}
    with connection.cursor() as cursor:
        cursor.execute(statement, {"org_id": org_id, "most": most})
        for column, word in cursor.fetchall():
            found[column].append(word)
    return {column: sorted(words) for column, words in found.items()}
