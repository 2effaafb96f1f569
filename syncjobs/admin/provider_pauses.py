"""Pauses and resumes all connections of a provider, and shows how many are in which state."""

from dataclasses import dataclass

from django.db import connections
from django.db.models import Case, F, When
from django.db.models.functions import Now

from syncjobs import sql
from syncjobs.models import SyncConnection
from syncjobs.models.choices import ConnectionState
from syncjobs.providers import PROVIDERS

ROLE = "owner"


@dataclass(frozen=True, slots=True)
class ProviderCounts:
    """The number of a provider's connections in each state. `held` are those that `pause`
    paused."""

    name: str
    title: str
    counts: dict[str, int]
    held: int

    @property
    def pausable(self) -> int:
        return self.counts.get("alive", 0) + self.counts.get("suspect", 0)

    @property
    def words(self) -> str:
        return ", ".join(f"{count:,} {state}" for state, count in self.counts.items()) or "none"


def reason(provider: str) -> str:
    """The note of a connection that was paused together with its provider's other connections."""
    return f"Paused with all connections of {provider}."


def counts() -> list[ProviderCounts]:
    """The counts of every provider, by one query."""
    by_provider: dict[str, dict[str, int]] = {provider.name: {} for provider in PROVIDERS}
    held: dict[str, int] = {}
    with connections[ROLE].cursor() as cursor:
        cursor.execute(sql.read("console/providers"))
        for provider, state, number, with_provider in cursor.fetchall():
            by_provider.setdefault(provider, {})[state] = number
            held[provider] = held.get(provider, 0) + with_provider
    titles = {provider.name: provider.title for provider in PROVIDERS}
    return [
        ProviderCounts(name, titles.get(name, name), states, held.get(name, 0))
        for name, states in by_provider.items()
    ]


def pause(provider: str) -> int:
    """Pause the provider's connections and return their number. Active runs go on."""
    rows = SyncConnection.objects.using(ROLE).filter(
        provider=provider, state__in=[ConnectionState.ALIVE, ConnectionState.SUSPECT]
    )
    return rows.update(state=ConnectionState.PAUSED, state_reason=reason(provider))


def resume(provider: str) -> int:
    """Resume the connections that `pause` paused and return their number. A connection that a
    person paused individually stays paused.

    Connections with a schedule are due at once.
    """
    rows = SyncConnection.objects.using(ROLE).filter(
        provider=provider, state=ConnectionState.PAUSED, state_reason=reason(provider)
    )
    due = Case(When(sync_every__isnull=False, then=Now()), default=F("next_sync_at"))
    return rows.update(state=ConnectionState.ALIVE, state_reason="", next_sync_at=due)
