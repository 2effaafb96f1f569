"""The type of a request after authentication has found its tenant."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.http import HttpRequest

from graph.view.version import Moment


@dataclass(frozen=True, slots=True)
class Reusable:
    """What a response depends on that may be sent again to an equal request.

    The response is right as long as the tenant's data is as it was at `moment`, the tenant's day is
    `day`, and the tenant's time zone is `zone` (None: it does not matter). `answer` is the key of
    the response's body in `graph.reading.memory_cache.answers`; None for a response without one.
    """

    tenant_id: UUID
    moment: Moment
    day: date | None
    zone: str | None
    answer: Hashable | None


class TenantRequest(HttpRequest):
    """`tenant_id` is the user whose rows the request reads. `reusable` is set if the response may
    be sent again."""

    tenant_id: UUID
    reusable: Reusable
