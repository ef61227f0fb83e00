"""Every setting, from the environment; each is documented in docs/settings.md.

Where DATABASE_URL or REDIS_URL is unset, the addresses are those of the servers that `leadqual.embedded` starts.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

from corsheaders.defaults import default_headers
from csp import constants as csp

from leadqual import embedded, logs
from leadqual.api_description import API_DESCRIPTION
from leadqual.environment import Environment

env = Environment()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = embedded.var_dir()

DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="") or embedded.secret_key()
ALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("DJANGO_CSRF_TRUSTED_ORIGINS", default=[])

# Behind TLS (a proxy that sets X-Forwarded-Proto) set DJANGO_HTTPS=1: cookies become secure and HSTS is sent.
HTTPS = env.bool("DJANGO_HTTPS", default=False)
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^health", r"^metrics"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
# Scripts, styles and figures come from ourselves and from files: nothing that stands in a page is run.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [csp.NONE],
        "script-src": [csp.SELF],
        "style-src": [csp.SELF],
        "img-src": [csp.SELF, "data:", "blob:"],
        "font-src": [csp.SELF],
        "connect-src": [csp.SELF],
        "form-action": [csp.SELF],
        "base-uri": [csp.NONE],
        "frame-ancestors": [csp.NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [*default_headers, "idempotency-key", "x-request-id"]
CORS_EXPOSE_HEADERS = [
    "Idempotent-Replayed",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
]

# A second factor in the admin: a code of an authenticator app, enrolled by `manage.py enrol_totp`.
ADMIN_TOTP = env.bool("ADMIN_TOTP", default=False)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "axes",
    "corsheaders",
    "csp",
    "django_celery_beat",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_prometheus",
    "django_structlog",
    "common",
    "leads",
    "models_registry",
    "experiments",
    "predictions",
    "insights",
]

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Those of `common.people` are passed by when a program shows its token.
MIDDLEWARE = [
    "common.request_metrics.RequestMetrics",
    "django.middleware.security.SecurityMiddleware",
    "common.headers.OurHeaders",
    "common.people.ContentPolicy",
    "common.people.StaticFiles",
    "common.people.Sessions",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "common.people.Languages",
    "django.middleware.common.CommonMiddleware",
    "common.bodies.BoundedBodies",
    "django.middleware.csrf.CsrfViewMiddleware",
    "common.people.LoggedIn",
    *(["common.people.SecondFactor"] if ADMIN_TOTP else []),
    "common.people.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "common.request_log.RequestLog",
    "common.answers.ServiceUnavailableMiddleware",
    "common.people.LockedOut",
]

ROOT_URLCONF = "leadqual.urls"
WSGI_APPLICATION = "leadqual.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db_url_config(env.str("DATABASE_URL", default="") or embedded.database_url())}
DATABASES["default"] |= {"CONN_MAX_AGE": env.whole("DATABASE_CONN_MAX_AGE", default=60), "CONN_HEALTH_CHECKS": True}
DATABASES["default"]["ENGINE"] = "common.postgresql"
DATABASES["default"]["HOST"] = unquote(DATABASES["default"]["HOST"])  # a socket's folder, written as a host
DATABASES["default"].setdefault("OPTIONS", {})
# A machine that vanished without a word is given up after seconds; the kernel's own patience is a quarter of an hour.
DATABASES["default"]["OPTIONS"] |= {
    "connect_timeout": env.whole("DATABASE_CONNECT_TIMEOUT", default=5),
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
# No statement of a web server takes longer (gunicorn_conf says how long); workers and commands take their time.
DATABASE_STATEMENT_SECONDS = env.float("DATABASE_STATEMENT_SECONDS", default=0)
# Behind a pool that gives each transaction another connection (PgBouncer) nothing can be prepared.
DATABASE_PREPARED = env.bool("DATABASE_PREPARED", default=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="") or embedded.redis_url()
MEDIA_ROOT = env.str("LEADQUAL_MEDIA_ROOT", default="") or str(VAR_DIR / "media")

# --- Background work ------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or embedded.broker_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_IMPORTS = ["leadqual.task_metrics"]
CELERY_BEAT_SCHEDULER = "leadqual.beat:Schedules"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is long away ends no worker
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # nor one that refuses what is written, as Valkey does on a full disk
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 10, "socket_connect_timeout": 5, "visibility_timeout": 43_200}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}
DJANGO_STRUCTLOG_CELERY_ENABLED = True

# --- People and callers ---------------------------------------------------------------------------------------------
SILENCED_SYSTEM_CHECKS = ["axes.W002"]  # looks for its middleware by name: LockedOut is it
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", default=0)
LOGIN_FAILURES = env.whole("LOGIN_FAILURES", default=10)
LOGIN_LOCK_MINUTES = env.whole("LOGIN_LOCK_MINUTES", default=15)
# Kept in the database, so that a lock outlives Valkey and staff can lift it in the admin.
AXES_FAILURE_LIMIT = LOGIN_FAILURES
AXES_COOLOFF_TIME = timedelta(minutes=LOGIN_LOCK_MINUTES)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "common.logging_in.locked_out"
AXES_CLIENT_IP_CALLABLE = "common.logging_in.address_of"
AXES_HTTP_RESPONSE_CODE = 429
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
OTP_TOTP_ISSUER = "leadqual"
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
JWT_JWK_URL = env.str("JWT_JWK_URL", default="")
JWT_ISSUER = env.str("JWT_ISSUER", default="")
JWT_AUDIENCE = env.str("JWT_AUDIENCE", default="")
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=env.whole("JWT_ACCESS_MINUTES", default=60)),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=env.whole("JWT_REFRESH_DAYS", default=1)),
    "ISSUER": "leadqual",
    "AUDIENCE": "leadqual",
    "UPDATE_LAST_LOGIN": True,
    "CHECK_REVOKE_TOKEN": True,  # another password ends a person's tokens
}

# --- The HTTP API ---------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["common.auth.TokenAuthentication", "common.auth.BrowserSession"],
    "DEFAULT_PERMISSION_CLASSES": ["common.scopes.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["common.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["common.rendering.QuickJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "common.negotiation.QuickNegotiation",
    "DEFAULT_THROTTLE_CLASSES": ["common.throttling.RequestLimit"],
    "DEFAULT_PAGINATION_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "common.schema.ContractSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": False,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "common.answers.ContractExceptionHandler",
    "EXCEPTION_FORMATTER_CLASS": "common.answers.ContractExceptionFormatter",
    "ALLOWED_ERROR_STATUS_CODES": ["400", "401", "403", "404", "409", "413", "415", "429", "503"],
    "ERROR_SCHEMAS": dict.fromkeys(
        ("400", "401", "403", "404", "409", "413", "415", "429", "503"), "common.schema.ErrorOut"
    ),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "leadqual",
    "DESCRIPTION": API_DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,
    "PATH_CONVERTER_OVERRIDES": {
        "dossier": {
            "type": "integer",
            "minimum": 1,
            "maximum": 2**63 - 1,
            "description": "The CRM's own number of the lead.",
        }
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "drf_standardized_errors.openapi_hooks.postprocess_schema_enums",
        "common.schema.refuse_the_unknown",
    ],
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "PartOfAChange": "predictions.movement.PARTS",
        "ExperimentStatus": "experiments.models.ExperimentStatus",
        "JobStatus": "common.jobs.JobStatus",
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = env.whole("MAX_BODY_BYTES", default=16 * 1024 * 1024)
IMPORT_MAX_BYTES = env.whole("IMPORT_MAX_BYTES", default=512 * 1024 * 1024)
BATCH_MAX_ITEMS = env.whole("BATCH_MAX_ITEMS", default=10_000)
RATE_LIMIT_REQUESTS = env.str("RATE_LIMIT_REQUESTS", default="6000/minute")
RATE_LIMIT_PREDICTIONS = env.str("RATE_LIMIT_PREDICTIONS", default="3000/minute")
RATE_LIMIT_BATCH_ITEMS = env.str("RATE_LIMIT_BATCH_ITEMS", default="600000/minute")
RATE_LIMIT_LOGIN_ADDRESS = env.str("RATE_LIMIT_LOGIN_ADDRESS", default="30/minute")
RATE_LIMIT_LOGIN_ACCOUNT = env.str("RATE_LIMIT_LOGIN_ACCOUNT", default="10/minute")
# While Valkey is away: "local" counts in each process alone, "refuse" answers 503, "allow" counts nothing.
RATE_LIMIT_WHEN_AWAY = env.one_of("RATE_LIMIT_WHEN_AWAY", ("local", "refuse", "allow"), default="local")
IDEMPOTENCY_HOURS = env.whole("IDEMPOTENCY_HOURS", default=24)

# --- Scoring and learning -------------------------------------------------------------------------------------------
ACTION_HIGH_PROBABILITY = env.float("ACTION_HIGH_PROBABILITY", default=0.7)
ACTION_HIGH_CONFIDENCE = env.float("ACTION_HIGH_CONFIDENCE", default=0.8)
ACTION_MEDIUM_PROBABILITY = env.float("ACTION_MEDIUM_PROBABILITY", default=0.5)
ACTION_MEDIUM_CONFIDENCE = env.float("ACTION_MEDIUM_CONFIDENCE", default=0.7)
ACTION_NURTURE_PROBABILITY = env.float("ACTION_NURTURE_PROBABILITY", default=0.3)
ML_TRAINING_ENABLED = env.bool("ML_TRAINING_ENABLED", default=True)
ML_TRAINING_CRON = env.str("ML_TRAINING_CRON", default="0 2 1 * *")
ML_TRAINING_MONTHS = env.whole("ML_TRAINING_MONTHS", default=6)
ML_SNAPSHOT_AGES_DAYS = env.list("ML_SNAPSHOT_AGES_DAYS", cast=float, default=[0, 1, 3, 7, 14, 30, 60])
ML_SNAPSHOT_WEIGHTS = env.one_of("ML_SNAPSHOT_WEIGHTS", ("equal", "lead"), default="equal")
ML_MIN_RECORDS = env.whole("ML_MIN_RECORDS", default=100)
ML_TRAINING_JOBS = env.whole("ML_TRAINING_JOBS", default=2)
# Where the algorithms of a search are tried: "" is one after another in the worker that trains.
ML_JOBLIB_BACKEND = env.one_of("ML_JOBLIB_BACKEND", ("", "loky", "threading", "dask"), default="")
ML_DASK_SCHEDULER = env.str("ML_DASK_SCHEDULER", default="")
ML_DASK_TIMEOUT_SECONDS = env.whole("ML_DASK_TIMEOUT_SECONDS", default=30)
ML_SEED = env.whole("ML_SEED", default=7)
ML_HEARTBEAT_TIMEOUT_SECONDS = env.whole("ML_HEARTBEAT_TIMEOUT_SECONDS", default=30, least=1)
ML_CHAMPION_MAX_AGE_DAYS = env.whole("ML_CHAMPION_MAX_AGE_DAYS", default=90)
ML_LEAKAGE_ROC_AUC = env.float("ML_LEAKAGE_ROC_AUC", default=0.95)
ML_COST_RATIO = env.float("ML_COST_RATIO", default=5.0)
ML_CALIBRATION_ERROR = env.float("ML_CALIBRATION_ERROR", default=0.1)
ML_RECALIBRATION_MIN_OUTCOMES = env.whole("ML_RECALIBRATION_MIN_OUTCOMES", default=100)
ML_RECALIBRATION_DAYS = env.whole("ML_RECALIBRATION_DAYS", default=180)
ML_ALARM_REPEAT_DAYS = env.whole("ML_ALARM_REPEAT_DAYS", default=7)
ML_KEEP_VERSIONS = env.whole("ML_KEEP_VERSIONS", default=5)
ML_ARCHIVE_AFTER_DAYS = env.whole("ML_ARCHIVE_AFTER_DAYS", default=183)
# Exported models are signed by a key that follows from this; others are taken in from these public keys only.
MODEL_SIGNING_SECRET = env.str("MODEL_SIGNING_SECRET", default="") or SECRET_KEY
MODEL_TRUSTED_KEYS = env.list("MODEL_TRUSTED_KEYS", default=[])
SCORE_CHUNK_SIZE = env.whole("SCORE_CHUNK_SIZE", default=25_000, least=1)
PREDICTION_KEEP_MONTHS = env.whole("PREDICTION_KEEP_MONTHS", default=0)

# --- Personal data ----------------------------------------------------------------------------------------------------
LEAD_KEEP_DAYS = env.whole("LEAD_KEEP_DAYS", default=0)
REJECTS_KEEP_DAYS = env.whole("REJECTS_KEEP_DAYS", default=30)

# --- Language, time, static files -----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["common.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.str("DJANGO_STATIC_ROOT", default="") or str(VAR_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Watching -------------------------------------------------------------------------------------------------------
HEALTH_TIMEOUT_SECONDS = env.float("HEALTH_TIMEOUT_SECONDS", default=2.0)
# Where a worker shows its own figures; without it they are on /metrics, where worker and web share a folder.
WORKER_METRICS_PORT = env.whole("WORKER_METRICS_PORT", default=0)
WORKER_METRICS_HOST = env.str("WORKER_METRICS_HOST", default="127.0.0.1")
# Where OpenTelemetry traces go (OTLP over HTTP); the SDK reads its other OTEL_ variables itself.
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
LOG_FORMAT = env.one_of("LEADQUAL_LOG_FORMAT", ("json", "console"), default="json")
LOG_LEVEL = env.one_of("LEADQUAL_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO")
LOGGING = logs.configuration(LOG_FORMAT, LOG_LEVEL)
logs.configure()
os.environ.setdefault("NUMBA_CACHE_DIR", str(VAR_DIR / "numba"))
