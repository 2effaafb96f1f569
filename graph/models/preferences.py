"""The settings of a tenant, such as the time zone."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models

from graph.models.tenant_row import TenantRow


def known_zone(name: str) -> None:
    """Raise ValidationError if the name is not an IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(f"{name!r} is no time zone, as 'Europe/London' is.")


class TenantPreference(TenantRow):
    """The settings of one tenant. A tenant without a row has the service's time zone."""

    time_zone = models.TextField(
        validators=[known_zone], help_text="IANA name; today is its calendar's"
    )

    class Meta:
        db_table = "tenant_preferences"
        constraints = [
            models.UniqueConstraint(fields=["user_id"], name="tenant_preferences_user_key")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.time_zone}"
