"""Where the search of `auto` runs: in this process, or on one of joblib's backends, as the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

HERE, DASK = "", "dask"


@contextmanager
def spread() -> Iterator[None]:
    """Within the block, `auto` tries its algorithms in parallel where ML_JOBLIB_BACKEND names a backend.

    `dask` takes the cluster at ML_DASK_SCHEDULER; its workers need this code and the same packages. Raises
    ImproperlyConfigured where that is not there.
    """
    backend: str = settings.ML_JOBLIB_BACKEND
    with ExitStack() as stack:
        if backend == DASK:
            stack.enter_context(_cluster())
        if backend != HERE:
            import joblib  # noqa: PLC0415 - needed with this setting alone

            stack.enter_context(joblib.parallel_config(backend=backend, n_jobs=-1))
        yield


@contextmanager
def _cluster() -> Iterator[None]:
    try:
        from distributed import Client  # noqa: PLC0415 - needed with this setting alone
    except ImportError as error:
        raise ImproperlyConfigured("ML_JOBLIB_BACKEND=dask needs the package distributed.") from error
    if not settings.ML_DASK_SCHEDULER:
        raise ImproperlyConfigured("ML_JOBLIB_BACKEND=dask needs ML_DASK_SCHEDULER, the scheduler's address.")
    address, seconds = settings.ML_DASK_SCHEDULER, settings.ML_DASK_TIMEOUT_SECONDS
    with Client(address, timeout=seconds):  # type: ignore[no-untyped-call]
        yield
