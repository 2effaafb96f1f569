"""The types of messages about a tenant's books, declared as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of message. `name` is the type, `meaning` describes it for people.

    `query` is the file of syncjobs/sql/events that finds the messages of this type. It is empty if
    code in syncjobs.events.publish finds them.
    """

    name: str
    meaning: str
    query: str = ""


VERSION_CHANGED = "version.changed"
PRICE_RISEN = "price.risen"
IMPORT_DONE = "import.done"
EVENT_TYPES: tuple[EventType, ...] = (
    EventType("case.opened", "a possible double payment was found", "case_opened"),
    EventType("case.decided", "a person decided about a case", "case_decided"),
    EventType("payment.missed", "a recurring payment did not come", "payment_missed"),
    EventType(PRICE_RISEN, "the price of a series of payments rose for good"),
    EventType(IMPORT_DONE, "a file was imported", "import_done"),
    EventType("sync.failed", "a sync failed for good", "sync_failed"),
    EventType(VERSION_CHANGED, "the graph has another version; `changes/` says what changed"),
)
NAMES = tuple(event.name for event in EVENT_TYPES)
