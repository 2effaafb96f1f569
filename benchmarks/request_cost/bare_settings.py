"""finley's settings with the bare views' URLs, and a pool for their connections as for finley's."""

from finley.settings import *  # noqa: F403
from finley.settings import DATABASES

ROOT_URLCONF = "benchmarks.request_cost.urls"
DATABASES["owner"]["OPTIONS"]["pool"] = DATABASES["default"]["OPTIONS"]["pool"]
