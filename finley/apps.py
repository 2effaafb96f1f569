"""The configuration of the Django app finley and of Django's admin."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks
from django.utils.module_loading import import_string


class FinleyConfig(AppConfig):
    name = "finley"

    def ready(self) -> None:
        """Import the tracing module only if a collector is configured."""
        if settings.TRACED:
            import_string("finley.observability.tracing.begin")()


class AdminConfig(SimpleAdminConfig):
    """Django's admin. Only finley.urls and the checks import the modules of its pages.

    Most commands do without these modules, and importing them takes most of a command's start.
    """

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_pages, checks.Tags.admin)


def check_pages(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    """Check all admin pages."""
    autodiscover()
    return check_admin_app(app_configs, **options)
