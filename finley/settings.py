"""Django settings. No other module of finley reads the environment (docs/settings.md lists it)."""

from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.functional import lazy

from finley import api_schema, databases, environment, secret, theme
from finley.embedded import ensure
from syncjobs.providers import BY_NAME, PROVIDERS

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(environment.text("FINLEY_STATE", str(BASE_DIR / ".finley")))

DEBUG = environment.flag("FINLEY_DEBUG", default=False)
PRODUCTION = environment.flag("FINLEY_PRODUCTION", default=False)
if PRODUCTION and not environment.text("FINLEY_SECRET_KEY"):
    raise ImproperlyConfigured(
        "FINLEY_PRODUCTION=1 needs FINLEY_SECRET_KEY (50 random characters)."
    )
SECRET_KEY = environment.text("FINLEY_SECRET_KEY") or secret.kept_in(STATE_DIR)
SECRET_KEY_FALLBACKS = environment.words("FINLEY_OLD_SECRET_KEYS")
ALLOWED_HOSTS = environment.words("FINLEY_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.words("FINLEY_TRUSTED_ORIGINS")

# Origins whose pages may call the API; they send a token, never a cookie.
CORS_ALLOWED_ORIGINS = environment.origins("FINLEY_CORS_ORIGINS")
CORS_URLS_REGEX = r"^/(api/|mcp$)"
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "x-finley-user",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = ["ETag", "Location", "Retry-After", "X-Request-ID"]

INSTALLED_APPS = [
    "finley.apps.FinleyConfig",
    "finley.web",
    "graph",
    "syncjobs",
    "unfold",
    "unfold.contrib.filters",
    "finley.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_pgviews",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    *(["corsheaders"] if CORS_ALLOWED_ORIGINS else []),
]

# Whether spans are sent to a collector. OpenTelemetry's SDK reads these variables itself.
TRACED = any(
    environment.text(name)
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
)
TRACED_AS = environment.text("OTEL_SERVICE_NAME", "finley")

# A process that answers tenants' tokens only needs no owner's password: others serve the admin,
# the pages, the dead letters and Nango's webhooks.
ONLY_API = environment.flag("FINLEY_ONLY_API", default=False)

MIDDLEWARE = [
    "finley.server.middleware.RequestIdMiddleware",
    *(["finley.server.middleware.OnlyApiMiddleware"] if ONLY_API else []),
    *(["finley.observability.tracing.TracingMiddleware"] if TRACED else []),
    "finley.server.database_gate.DatabaseGate",
    "finley.server.kept_answers.KeptAnswersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "finley.server.middleware.LooserPoliciesMiddleware",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "finley.server.middleware.StaffRoleMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "finley.auth.second_factor_gate.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "finley.web.template_context.layout",
            ]
        },
    }
]

ROOT_URLCONF = "finley.urls"
ASGI_APPLICATION = "finley.asgi.application"
AUTH_USER_MODEL = "finley.User"
AUTHENTICATION_BACKENDS = ["finley.auth.password_backend.PasswordBackend"]
SESSION_ENGINE = "finley.auth.sessions"
SESSION_COOKIE_AGE = environment.number("FINLEY_SESSION_HOURS", 12) * 3600
# Whether staff have to set up a second factor before they may do anything.
STAFF_SECOND_FACTOR = environment.flag("FINLEY_STAFF_SECOND_FACTOR", default=False)
LOGIN_URL, LOGIN_REDIRECT_URL = "sign-in", "overview"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "first_name", "last_name")},
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-gb"
USE_TZ = True
TIME_ZONE = "UTC"

# Databases and Redis: the user's own servers, or the embedded ones.
DATABASES = databases.configure(
    url=environment.text("DATABASE_URL"),
    owner_url=environment.text("DATABASE_OWNER_URL"),
    state=STATE_DIR,
    pool={
        "min_size": 1,
        "max_size": environment.number("DATABASE_POOL_SIZE", 10),
        "timeout": environment.number("DATABASE_POOL_TIMEOUT", 20),
    },
)
DATABASE_ROUTERS = ["finley.routers.TwoRoles"]
ARROW_POOL = {
    "size": environment.number("ARROW_POOL_SIZE", 8),
    "timeout": environment.number("DATABASE_POOL_TIMEOUT", 20),
}
# Without REDIS_URL, the embedded Valkey, which starts when the address is first used.
REDIS_URL = environment.text("REDIS_URL") or lazy(lambda: ensure(STATE_DIR).redis_url, str)()

# Built graphs are cached in Redis, and in the process if `memory` is not 0.
GRAPH_CACHE = {
    "bytes": environment.number("FINLEY_GRAPH_CACHE_MB", 256) * 2**20,
    "memory": environment.number("FINLEY_GRAPH_MEMORY_MB", 64) * 2**20,
    "seconds": 3600,  # lifetime of an entry in Redis
    "timeout": 30,  # timeout in seconds for a graph that another process builds
    "redis_timeout": 2.0,
}

# Bytes of answers that a process caches and returns while the graph's version is the same.
ANSWERS_MEMORY = environment.number("FINLEY_ANSWERS_MEMORY_MB", 32) * 2**20

# Bytes of books that a process caches to check pay runs, while the books do not change.
CHECKS_MEMORY = environment.number("FINLEY_CHECKS_MEMORY_MB", 256) * 2**20

# Each stream of changes holds a connection of its client.
STREAMS = {
    "of_tenant": environment.number("FINLEY_STREAMS_OF_TENANT", 20),
    "at_once": environment.number("FINLEY_STREAMS_AT_ONCE", 200),  # per process
    "threads": 2,  # threads and database connections that all streams share
    "valid_every": 10.0,  # seconds between two checks that the token is still valid
}

# An export over HTTP holds a database connection until its client has read everything.
EXPORTS = {
    "at_once": environment.number("FINLEY_EXPORTS_AT_ONCE", 3),  # per process
    "memory": environment.number("FINLEY_EXPORTS_MEMORY_MB", 64) * 2**20,  # of finished ones
    "timeout": environment.decimal("FINLEY_EXPORT_PATIENCE", 30.0),  # timeout of a read, seconds
}

# Questions that need more steps than this go to a worker (graph/questions/heavy/costs.py).
QUESTIONS = {
    "steps": environment.number("FINLEY_QUESTION_STEPS", 10_000_000),
    "request_seconds": environment.decimal("FINLEY_REQUEST_SECONDS", 20.0),
    "worker_seconds": environment.decimal("FINLEY_QUESTION_SECONDS", 600.0),
    "active": environment.number("FINLEY_QUESTIONS_ACTIVE", 3),  # per tenant
    "at_once": environment.number("FINLEY_QUESTIONS_AT_ONCE", 1),  # per worker
    "keep_hours": environment.number("FINLEY_ANSWERS_KEEP_HOURS", 24),
}

# The mail server for setting new passwords. Without its name, the pages do not offer that.
EMAIL_HOST_NAME = environment.text("FINLEY_EMAIL_HOST")
MAILERS = {
    "default": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": EMAIL_HOST_NAME or "localhost",
            "port": environment.number("FINLEY_EMAIL_PORT", 587),
            "username": environment.text("FINLEY_EMAIL_USER"),
            "password": environment.text("FINLEY_EMAIL_PASSWORD"),
            "use_tls": environment.flag("FINLEY_EMAIL_TLS", default=True),
            "timeout": 10,
        },
    }
}
DEFAULT_FROM_EMAIL = environment.text("FINLEY_EMAIL_FROM", "finley@localhost")

# Background syncs.
ARQ_MAX_TRIES = environment.number("ARQ_MAX_TRIES", 5)
ARQ_JOB_TIMEOUT = environment.number("ARQ_JOB_TIMEOUT", 3600)
ARQ_BACKOFF = {  # seconds before the second attempt, by provider; doubled for each further one
    provider.name: environment.decimal("ARQ_BACKOFF", provider.backoff) for provider in PROVIDERS
}
ARQ_MAX_JOBS = environment.number("ARQ_MAX_JOBS", 20)
ARQ_POLL_DELAY = environment.decimal("ARQ_POLL_DELAY", 0.1)
SYNC_LEASE = environment.decimal("FINLEY_LEASE", 20.0)  # seconds; renewed six times in that time
ZOHO_PACE = environment.decimal("ZOHO_PACE", BY_NAME["zoho_mail"].pace)  # seconds between requests
HOME_CURRENCY = environment.text("FINLEY_HOME_CURRENCY", "GBP").upper()  # if a file states none
# Whether ledgers and e-invoices of mail whose sender was not verified are imported, too.
UNVERIFIED_BOOKS = environment.flag("FINLEY_UNVERIFIED_BOOKS", default=False)
# Keys for secrets in the database, the newest first; without any, made from the secret keys.
ENCRYPTION_KEYS = environment.words("FINLEY_ENCRYPTION_KEYS")
WEBHOOK_NETWORKS = environment.networks("FINLEY_WEBHOOK_NETWORKS")  # private, but allowed
DELIVERIES: dict[str, float] = {  # messages to webhooks, mailboxes and chats
    "max_tries": environment.number("FINLEY_DELIVERY_TRIES", 10),
    "backoff": environment.decimal("FINLEY_DELIVERY_BACKOFF", 10.0),  # seconds, then doubled
    "timeout": environment.decimal("FINLEY_DELIVERY_TIMEOUT", 15.0),  # seconds of an attempt
}
TASKS = {"default": {"BACKEND": "syncjobs.project_tasks.backend.LedgerBackend", "QUEUES": []}}
SYNC_KEEP_DAYS = environment.number("FINLEY_KEEP_DAYS", 90)
HISTORY_DAYS = environment.number("FINLEY_HISTORY_DAYS", 400)
ERASE_AFTER_HOURS = environment.decimal("FINLEY_ERASE_AFTER_HOURS", 24.0)  # from the request
PERIODIC_TASKS = {  # of this package, done by workers: seconds between two runs, function
    "tenant_data": (5.0, "finley.tenant_data.work.work"),
}
PARSERS = {  # processes of a worker that read mail, documents and ledgers
    "at_once": environment.number("FINLEY_PARSERS", 2),
    "memory_mb": environment.number("FINLEY_PARSER_MEMORY_MB", 512),  # per process
    "file_mb": environment.number("FINLEY_PARSER_FILE_MB", 1024),  # per file that it writes
    "unpacked_mb": environment.number("FINLEY_UNPACKED_MB", 512),  # of a compressed ledger
    "document_seconds": environment.decimal("FINLEY_DOCUMENT_SECONDS", 20.0),  # processor time
    "ledger_seconds": environment.decimal("FINLEY_LEDGER_SECONDS", 300.0),
}
NANGO = {
    "host": environment.text("NANGO_HOST", "https://api.nango.dev"),
    "secret": environment.text("NANGO_SECRET_KEY"),
    "webhook_key": environment.text("NANGO_WEBHOOK_KEY"),
}

# The materialized view is built by migrate and filled by refresh_enriched_view.
MATERIALIZED_VIEWS_CHECK_SQL_CHANGED = True

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # bytes of a request body
REQUEST_TIMEOUTS = {  # timeouts in seconds
    "head": environment.decimal("FINLEY_SLOW_HEAD", 10.0),  # to receive a request's head
    "body": environment.decimal("FINLEY_SLOW_BODY", 30.0),  # to receive its body
    "read": environment.decimal("FINLEY_SLOW_READ", 30.0),  # per 32 KiB that the client reads
    "idle": 5,  # between two requests on a connection
    "stop": 20,  # for open responses when the process is told to end
}
CONNECTIONS = environment.number("FINLEY_CONNECTIONS", 4096)  # of clients, per process
REQUESTS_AT_ONCE = environment.number("FINLEY_REQUESTS_AT_ONCE", 256)  # per process
REQUEST_THREADS = environment.number("FINLEY_THREADS", 6)  # per process; other requests wait
CONNECTIONS_OF_PROBES = 32  # further connections that only probes may use

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "finley.auth.authentication.TokenAuthentication",
        "finley.auth.session_authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["graph.api.permissions.Scoped"],
    "DEFAULT_RENDERER_CLASSES": ["graph.api.json_object.ObjectRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["finley.auth.rate_limit.PerToken"],
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "finley.server.api_errors.handle",
}
REQUESTS_PER_MINUTE = environment.number("FINLEY_REQUESTS_PER_MINUTE", 1200)  # per token; 0: any
FAILED_TOKENS_PER_MINUTE = environment.number("FINLEY_FAILED_TOKENS_PER_MINUTE", 30)  # per address
PROXIES = environment.number("FINLEY_PROXIES", 0)  # trusted proxies in front of finley
TOKEN_SECONDS = environment.number("FINLEY_TOKEN_SECONDS", 30)  # lifetime of a cached token
MCP_TOKEN = environment.text("FINLEY_TOKEN")  # of `manage.py mcp`
METRICS_TOKEN = environment.text("FINLEY_METRICS_TOKEN")
KNOX_TOKEN_MODEL = "finley.ApiToken"  # noqa: S105
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_TTL": timedelta(days=365),
    "TOKEN_PREFIX": "finley_",
}
SPECTACULAR_SETTINGS = api_schema.SPECTACULAR
UNFOLD = theme.UNFOLD

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static" if PRODUCTION else None  # collectstatic; else from the apps
WHITENOISE_USE_FINDERS = not PRODUCTION

# Content security policy: pages load from and send to this server only. Swagger UI and the admin
# have inline styles, and the admin's Alpine.js evaluates attributes.
PAGES: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}
CSP_OF_DOCS: dict[str, list[str]] = {**PAGES, "style-src": [CSP.SELF, CSP.UNSAFE_INLINE]}
CSP_OF_ADMIN: dict[str, list[str]] = {**CSP_OF_DOCS, "script-src": [CSP.SELF, CSP.UNSAFE_EVAL]}
CSP_MODE = environment.one_of("FINLEY_CSP", "enforce", "report", "off")
SECURE_CSP = PAGES if CSP_MODE == "enforce" else {}
SECURE_CSP_REPORT_ONLY = PAGES if CSP_MODE == "report" else {}

SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None

SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # probes use plain HTTP

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"of_request": {"()": "finley.observability.logs.OfRequest"}},
    "formatters": {
        "line": {
            "()": "finley.observability.logs.Line",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {"()": "finley.observability.logs.Json"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": environment.text("FINLEY_LOG_FORMAT", "json" if PRODUCTION else "line"),
            "filters": ["of_request"],
        }
    },
    # Their messages contain URLs with queries, which may contain names.
    "loggers": {name: {"level": "WARNING"} for name in ("httpx", "httpcore", "uvicorn.access")},
    "root": {"handlers": ["stderr"], "level": environment.text("FINLEY_LOG_LEVEL", "WARNING")},
}
