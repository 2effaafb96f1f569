"""finley's settings with the URLs of the bare views, whose connections come from a pool as finley's
do."""

from finley.settings import *  # noqa: F403
from finley.settings import DATABASES

ROOT_URLCONF = "benchmarks.request_cost.urls"
DATABASES["owner"]["OPTIONS"]["pool"] = DATABASES["default"]["OPTIONS"]["pool"]
