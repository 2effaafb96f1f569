"""The time of day in which an endpoint gets no alerts."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syncjobs.models import DeliveryEndpoint


def end(endpoint: DeliveryEndpoint, now: datetime) -> datetime | None:
    """The end of the endpoint's quiet hours if `now` is within them, else None.

    Quiet hours are in the endpoint's own time zone and may cross midnight.
    """
    first, last = endpoint.quiet_from, endpoint.quiet_until
    if first is None or last is None or first == last:
        return None
    local = now.astimezone(ZoneInfo(endpoint.zone or "UTC"))
    clock = local.time()
    is_quiet = first <= clock < last if first < last else clock >= first or clock < last
    if not is_quiet:
        return None
    ends = local.replace(
        hour=last.hour, minute=last.minute, second=last.second, microsecond=last.microsecond
    )
    return ends if clock < last else ends + timedelta(days=1)
