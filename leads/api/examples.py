"""Examples of the schema."""

LEAD = {
    "status": "NEW",
    "created_at": "2026-10-01T09:00:00Z",
    "source": "website",
    "source_score": None,
    "owner": "team-north",
    "region": "Lyon",
    "amount": None,
    "property": {"price": 250000, "has_photos": True, "city": "Lyon"},
    "attributes": {"budget": 300000, "first_time_buyer": True},
}
KNOWN_LEAD = {
    "dossier_id": 42,
    "org_id": "default",
    **LEAD,
    "events": {"message": 3, "appointment": 1, "brochure": 1},
    "outcome": None,
    "score": None,
    "updated_at": "2026-10-01T09:00:02Z",
}
MESSAGE = {"kind": "message", "direction": "INBOUND", "occurred_at": "2026-10-01T09:12:00Z", "external_id": "mail-8112"}
APPOINTMENT = {
    "kind": "appointment",
    "occurred_at": "2026-10-02T10:00:00Z",
    "scheduled_for": "2026-10-05T15:00:00Z",
    "external_id": "visit-17",
    "properties": {"place": "office"},
}
_IMPORT = "/api/ml/leads/import/0b1f6d3e-9d4c-4f7b-8a43-5d0c9f8e2a11"
IMPORT = {
    "id": "0b1f6d3e-9d4c-4f7b-8a43-5d0c9f8e2a11",
    "status": "SUCCEEDED",
    "status_url": _IMPORT,
    "rejects_url": f"{_IMPORT}/rejects",
    "content": "leads",
    "filename": "leads.csv",
    "stage": "done",
    "progress": 1.0,
    "rows": 3,
    "accepted": 2,
    "rejected": 1,
    "messages": [{"at": "2026-10-01T09:00:02Z", "stage": "done", "text": "leads.csv: 3 leads read (2 new)."}],
    "error": None,
    "created_at": "2026-10-01T09:00:00Z",
    "finished_at": "2026-10-01T09:00:02Z",
}
IMPORT_QUEUED = IMPORT | {
    "status": "QUEUED",
    "stage": "",
    "progress": 0.0,
    "rows": 0,
    "accepted": 0,
    "rejected": 0,
    "messages": [],
    "finished_at": None,
}
REJECTS = """file,line,reason,row
leads.csv,4,id: '=3' is not a lead's number (a positive whole number),"'=3,2026-06-02"
"""
