"""Django's settings, from the environment alone. What may change while it runs is in `aniworld.configuration`."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from aniworld import environment, environment_sign_on, environment_values
from aniworld.logs import files as log_files
from providers.demo import options as demo_options

BASE_DIR = environment.ROOT

# Folders
DATA_DIR = environment.folder("DATA_DIR", BASE_DIR / "data")
LIBRARY_DIR = environment.folder("LIBRARY_DIR", DATA_DIR / "library")
# Several machines may share it: what one leaves, another goes on with.
WORK_DIR = environment.folder("WORK_DIR", DATA_DIR / "work")
BACKUP_DIR = DATA_DIR / "backups"
LOG_DIR = DATA_DIR / "logs"
RUN_DIR = DATA_DIR / "run"
DEMO_DIR = DATA_DIR / "demo"
for _folder in (DATA_DIR, WORK_DIR, BACKUP_DIR, LOG_DIR, RUN_DIR):
    try:
        # What is in it opens the library's doors (the database, backups, logs): nobody else's, if we make it.
        _folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as _error:
        raise environment.WrongValue("DATA_DIR", str(DATA_DIR), f"it must be a writable folder ({_error})") from None


def _secret_key() -> str:
    """The configured key, else the one kept in `DATA_DIR`, made at the first start."""
    configured = environment.raw("SECRET_KEY")
    if configured:
        return configured
    path = DATA_DIR / "secret_key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        # Another process made it, maybe this very moment: an empty file is refused by Django itself.
        pass
    return path.read_text().strip()


SECRET_KEY = _secret_key()
DEBUG = environment.boolean("DEBUG", False)
HTTPS = environment.boolean("HTTPS", False)

# Where it listens, and who may talk to it
HOST = environment.text("HOST", "127.0.0.1")
PORT = environment.integer("PORT", 8000, 1, 65535)
BASE_PATH = environment.read(
    "BASE_PATH", "", environment_values.base_path, "allowed is a path of letters, digits and . _ ~ -, such as series"
)
_OWN_NAMES, _NAMES = ["localhost", "127.0.0.1", "[::1]"], "allowed are names such as nas.lan, without http:// and port"
ALLOWED_HOSTS = environment.listed("ALLOWED_HOSTS", _OWN_NAMES, environment_values.host_name, _NAMES)
CSRF_TRUSTED_ORIGINS = environment.listed(
    "CSRF_TRUSTED_ORIGINS", [], environment_values.origin, "allowed are origins such as https://series.example.org"
)
TRUSTED_PROXIES = environment.listed(
    "TRUSTED_PROXIES", [], environment_values.network, "allowed are addresses and networks such as 10.0.0.0/8"
)
ALLOWED_PRIVATE_HOSTS = environment.listed(
    "ALLOWED_PRIVATE_HOSTS", [], environment_values.host, "allowed are host and host:port, separated by commas"
)
# Who else vouches for people; both None until configured
OPENID_PROVIDER = environment_sign_on.openid_provider()
AUTH_PROXY = environment_sign_on.proxy_header(TRUSTED_PROXIES)
FORCE_SCRIPT_NAME = f"/{BASE_PATH}" if BASE_PATH else None
_URL_PREFIX = f"/{BASE_PATH}/" if BASE_PATH else "/"

# Databases


# A server that vanished without a word is noticed within half a minute instead of hours.
_POSTGRESQL_TIMES = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
# A pool that could not connect for long would wait ever longer before it tries again: it gives up early instead, and
# the next request begins anew.
_WEB_POOL = {"min_size": 2, "max_size": 20, "timeout": 8, "reconnect_timeout": 8}
# A Redis that takes connections and does not answer must not hold anybody for ever. Who waits for a task does so 1 s.
_REDIS_TIMES = {"socket_connect_timeout": "3", "socket_timeout": "10"}


def _made_private(database: Path) -> None:
    """An empty file is an empty database. SQLite itself would make one that everybody reads; its log follows it."""
    with contextlib.suppress(OSError):
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _database(*, pooled: bool) -> dict[str, Any]:
    """SQLite tuned for several writing processes, or the PostgreSQL that `DATABASE_URL` names.

    `pooled` is for the web server: under ASGI each request may run in another thread, whose own connection would be
    made anew and dropped.
    """
    url = environment.raw("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'aniworld.db'}"
    try:
        scheme = urlsplit(url).scheme
        parsed: dict[str, Any] = dict(environ.Env.db_url_config(url))
    except (ValueError, environ.ImproperlyConfigured):
        scheme, parsed = "", {}
    if scheme in ("postgres", "postgresql"):
        options = {**_POSTGRESQL_TIMES, **parsed.get("OPTIONS", {})}
        engine: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "CONN_HEALTH_CHECKS": True}
        if pooled:
            return {**parsed, **engine, "CONN_MAX_AGE": 0, "OPTIONS": {**options, "pool": _WEB_POOL}}
        return {**parsed, **engine, "CONN_MAX_AGE": 3600, "OPTIONS": options}
    if scheme == "sqlite":
        _made_private(Path(parsed["NAME"]))
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parsed["NAME"],
            "OPTIONS": {
                "timeout": 20,
                # IMMEDIATE + WAL is the only pair that never answered "database is locked" with many writers.
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8192; "
                # Four times the usual: whoever writes the page that fills the log waits for the disk.
                "PRAGMA wal_autocheckpoint=4000;",
            },
        }
    raise environment.WrongValue("DATABASE_URL", url, "allowed are postgres://user@host/name and sqlite:///path")


DATABASES = {"default": _database(pooled=False)}
WEB_DATABASE = _database(pooled=True)
EMBEDDED = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if EMBEDDED and os.environ.get("ANIWORLD_INSTANCE"):
    # The admin's theme would load the client of PostgreSQL, 5 MB, for fields that nobody uses.
    sys.modules["django.contrib.postgres"] = None  # type: ignore[assignment]  # as the import system reads it
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = environment.read(
    "REDIS_URL", "", environment_values.redis_url, "allowed are redis://host:port/0, rediss:// and unix:///path"
)
DEMO = environment.boolean("DEMO", EMBEDDED)
DEMO_SITE_PORT = environment.integer("DEMO_SITE_PORT", 8765, 1, 65535)
# Read by the demo site's own process; here so that a wrong one stops the start.
demo_options.read()

# Asked for how much of the event log and of the history of progress is kept (its section `advanced`).
LIVE_CONFIGURATION = "aniworld.configuration.store.current"
# Asked for who is told of what (section `notifications`), and for the way by which messages leave.
ALERTS_CONFIGURATION = "aniworld.configuration.store.current"
ALERTS_PROXY = "aniworld.alerting.proxy"

# Workers
# Read once before they are forked, so that they share what reading it takes.
WORKERS_CONFIGURATION = "aniworld.configuration.store.current"
DOWNLOAD_WORKERS = environment.integer("DOWNLOAD_WORKERS", 4, 1, 64)
TASK_WORKERS = environment.integer("TASK_WORKERS", 2, 1, 64)

Q_CLUSTER: dict[str, Any] = {
    "name": "default",
    "label": _("Background tasks"),
    "workers": TASK_WORKERS,
    "timeout": 1800,
    "retry": 2000,
    # A task is a bell: the database row says what to do, so a lost or failed one is rung again and never replayed.
    "max_attempts": 1,
    "ack_failures": True,
    "catch_up": False,
    "save_limit": 100,
    "poll": 0.2,
    "log_level": "WARNING",
    "ALT_CLUSTERS": {
        "downloads": {
            # One more than may download: the tick that proves the cluster alive always finds a free worker.
            "workers": DOWNLOAD_WORKERS + 1,
            "timeout": 7 * 86400,
            "retry": 7 * 86400 + 3600,
            "recycle": 50,
            "daemonize_workers": False,
        },
    },
}
Q_CLUSTER |= {"redis": environment_values.with_options(REDIS_URL, _REDIS_TIMES)} if REDIS_URL else {"orm": "default"}
if EMBEDDED and not REDIS_URL:
    Q_CLUSTER["broker_class"] = "aniworld.supervisor.broker.Watchful"
CHANNEL_LAYERS = {
    "default": (
        {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}

# Metadata
TMDB_API_KEY = environment.raw("TMDB_API_KEY")
TMDB_API_URL = environment.text("TMDB_API_URL", "https://api.themoviedb.org/3")
TMDB_IMAGE_URL = environment.text("TMDB_IMAGE_URL", "https://image.tmdb.org/t/p")

# Applications
# Off for workers alone: they answer nobody, and without admin and API need 20 MB less.
_PAGES = environment.boolean("ANIWORLD_PAGES", True)
_ADMIN = ["unfold", "unfold.contrib.filters", "django.contrib.admin"]
INSTALLED_APPS = [
    *(_ADMIN if _PAGES else ["django.contrib.admin.apps.SimpleAdminConfig"]),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *(["ninja"] if _PAGES else []),
    "channels",
    "django_q",
    "django_htmx",
    "aniworld.accounts",
    "aniworld.alerts",
    "aniworld.audit",
    "aniworld.configuration",
    "aniworld.live",
    "aniworld.supervisor",
    "providers",
    "library",
    "downloads",
    "integrations.torznab",
    "integrations.qbittorrent",
    "integrations.feeds",
    "integrations.media_servers",
    "integrations.webhooks",
    "integrations.moving",
    *environment_sign_on.applications(OPENID_PROVIDER),
    "integrations.sign_on",
    "aniworld",
]
MIDDLEWARE = [
    "aniworld.call_stack.Room",
    "aniworld.metrics.http.Meter",
    "aniworld.compression.Compression",
    "aniworld.middleware.SecurityHeaders",
    "aniworld.middleware.JsonErrors",
    "aniworld.proxies.Security",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "aniworld.middleware.ApiSlash",
    "aniworld.middleware.FirstRun",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "aniworld.accounts.proxied.ProxySignIn",
    "aniworld.middleware.Preferences",
    "aniworld.middleware.TimeZone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    *environment_sign_on.middleware(OPENID_PROVIDER),
]
ROOT_URLCONF = "aniworld.urls"
ASGI_APPLICATION = "aniworld.asgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "aniworld" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "aniworld.context.shell",
            ],
        },
    },
]

# Accounts
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "library"
CSRF_FAILURE_VIEW = "aniworld.pages.errors.csrf_failed"
# Asked for how long a login lasts, by browser session and bearer token alike: it is configured while it runs.
SESSION_LIFETIME = "aniworld.configuration.store.session_lifetime"
SESSION_ENGINE = "aniworld.accounts.sessions"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# What django-allauth reads, which is there when an OpenID provider is configured. It keeps nothing and mails nobody.
SOCIALACCOUNT_PROVIDERS = environment_sign_on.clients(OPENID_PROVIDER)
SOCIALACCOUNT_ADAPTER = "integrations.sign_on.allauth_hooks.Hooks"
SOCIALACCOUNT_STORE_TOKENS = SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_AUTO_SIGNUP = False
ACCOUNT_EMAIL_VERIFICATION = "none"

# The admin's shell; what its side bar and first screen show is in aniworld/dashboard/
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Aniworld",
    "SITE_HEADER": "Aniworld",
    "SITE_SUBHEADER": _("Administration"),
    "SITE_ICON": lambda _request: static("img/mark.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/mark.svg")}],
    "SITE_URL": _URL_PREFIX,
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "DASHBOARD_CALLBACK": "aniworld.dashboard.dashboard",
    "STYLES": [lambda _request, name=name: static(f"css/{name}.css") for name in ("tokens", "charts", "admin")],
    "SCRIPTS": [
        lambda _request: static("vendor/idiomorph-0.8.0/idiomorph-ext.min.js"),
        lambda _request: static("js/admin_live.js"),
        lambda _request: static("js/zone.js"),
    ],
    "COLORS": {
        # The neutral ramp of the pages (tokens.css), a shade for each of the theme's steps.
        "base": {
            "50": "#f4f6fb",
            "100": "#eaeff7",
            "200": "#dde4ef",
            "300": "#c3cddd",
            "400": "#9fb0c9",
            "500": "#5f6e87",
            "600": "#536178",
            "700": "#3b4d6d",
            "800": "#26354f",
            "900": "#0f1828",
            "950": "#0a111f",
        },
        # The accent of the pages: #0f6cbd on light ground (600), #62abf5 on dark (500 and lighter).
        "primary": {
            "50": "#eff6fd",
            "100": "#dcebfa",
            "200": "#bcdaf6",
            "300": "#93c6f5",
            "400": "#7ab8f6",
            "500": "#4a9ded",
            "600": "#0f6cbd",
            "700": "#0c5a9e",
            "800": "#0c4a80",
            "900": "#0d3d67",
            "950": "#0a2743",
        },
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "aniworld.dashboard.navigation"},
}

# Language and time
LANGUAGE_CODE = "en"
# Only languages whose catalogue is complete, which a test holds: of any other one Django's own strings would be
# translated and ours would not. Each is called as its own speakers call it.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "aniworld" / "locale"]
FORMAT_MODULE_PATH = "aniworld.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = environment.read("TZ", "UTC", environment_values.zone, "allowed is a time zone such as Europe/Berlin")

# Static files: served by whitenoise from the apps themselves, so nothing has to be collected
STATIC_URL = f"{_URL_PREFIX}static/"
STATIC_ROOT = None
STATICFILES_DIRS = [BASE_DIR / "aniworld" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# Security
# Only `TRUSTED_PROXIES` get this header as far as here: `aniworld.proxies.Security`.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Containers and load balancers ask for it directly, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^health$"]
# It looks for Django's own SecurityMiddleware by name; ours is one.
SILENCED_SYSTEM_CHECKS = ["security.W001"]
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
NINJA_PAGINATION_MAX_LIMIT = 200

# Logs: several processes append to the same files, the supervisor rotates them
LOG_LEVEL = environment.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = environment.choice("LOG_FORMAT", "text", ("text", "json"))

LOGGING = log_files.configuration(LOG_DIR, LOG_LEVEL, as_json=LOG_FORMAT == "json")

# Names in the file .env that nothing reads: misspelt, or of another version. `up` and `doctor` tell.
UNKNOWN_VARIABLES = environment.unknown()
