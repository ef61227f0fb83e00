"""The tables of this room, one subject a file."""
