"""The demonstration: an estate agency whose leads' true conversion probability is known (docs/demonstration.md)."""
