"""Faults on the real parts: what must hold while processes are killed, servers are away, and releases are mixed."""
