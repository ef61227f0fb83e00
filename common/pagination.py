"""Pages by `limit` and `cursor`: as fast on the last page as on the first."""

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """`{"next", "previous", "results"}`; each list says by what it is ordered."""

    page_size = 50
    max_page_size = 1000
    page_size_query_param = "limit"
    cursor_query_param = "cursor"
