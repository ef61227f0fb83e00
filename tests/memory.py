"""What is loaded before the first test stays until the last: it is not searched for garbage again and again, which is a
tenth of the tests' time. A plugin (`-p tests.memory`)."""

import gc


def pytest_collection_finish() -> None:
    """All modules are loaded by now."""
    gc.collect()
    gc.freeze()
