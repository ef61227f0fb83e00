"""What the schema of the API says before its operations: what holds for all of them."""

API_DESCRIPTION = """Which leads will convert, why, and whether acting on it pays.

- **Who asks**: `Authorization: Bearer <token>`. A person gets one at `POST /api/auth/token/`, a program by
  `manage.py issue_token`. Each operation names the scope that it needs.
- **What is sent** is JSON. A field that is not known is an error. A time without an offset is in UTC; answers end in
  `Z`.
- **Errors** have one shape: a `code` for programs, a `detail` for people, and `attr`, the field: `1.kind` is the second
  item's.
- **Lists** come in pages: follow `next` until it is null.
- **Asked again**: with an `Idempotency-Key` an act is done once, however often it is sent, and answered alike
  (`Idempotent-Replayed: true`). Another request with that key is 409. Keys are kept for a day, unless set otherwise; an
  error is not kept, so send the same again. A `PUT` needs none, nor an event with an `external_id`.
- **Limits**: `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (in seconds) say how a token stands. 429
  and 503 say in `Retry-After` after how many seconds to come back.
"""
