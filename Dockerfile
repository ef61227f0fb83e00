# One image for web, worker and beat; the command says which. It holds no secret: give it DJANGO_SECRET_KEY, DATABASE_URL,
# REDIS_URL and CELERY_BROKER_URL (see docs/settings.md). The root file system may be read-only: /var/lib/leadqual, /tmp
# and /dev/shm are written to. To pin the base by digest: docker buildx imagetools inspect python:3.11.14-slim-bookworm
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements.txt

FROM python:3.11.14-slim-bookworm
# libgomp1: LightGBM's threads. Debian's stable release changes it for security only, and keeps no older one to pin.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/leadqual --create-home leadqual
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=leadqual.settings \
    DJANGO_STATIC_ROOT=/app/staticfiles \
    LEADQUAL_VAR=/var/lib/leadqual \
    PROMETHEUS_MULTIPROC_DIR=/dev/shm \
    LEADQUAL_HOST=0.0.0.0
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# Compiled here: nothing is written when it runs, and each start would compile all of it anew.
RUN DJANGO_SECRET_KEY=only-for-collecting-files DATABASE_URL=postgres://none/none REDIS_URL=redis://none \
    python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q . \
    && chown -R leadqual /var/lib/leadqual
# By number, so that Kubernetes can see that it is not root.
USER 10001
VOLUME /var/lib/leadqual
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
# The worker: celery -A leadqual worker --concurrency 2   The schedule: celery -A leadqual beat --pidfile=
CMD ["gunicorn", "leadqual.wsgi:application", "--config", "python:leadqual.gunicorn_conf"]
