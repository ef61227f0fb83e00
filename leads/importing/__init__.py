"""Reading leads and events from files: what a file holds, how a mapping reads it, and the import itself."""
