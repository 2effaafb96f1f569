"""The contents of the sandbox's accounts: seeded mail and files, and a log of their changes."""

import base64
import csv
import hashlib
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(2026, 1, 5, 9, tzinfo=UTC)
SUPPLIERS = ("Northgate Paper", "Harbour Foods", "Alder & Finch", "Vale Print", "Kestrel Energy")
FOLDERS = ("Finance", "Finance/2026", "Suppliers", "Contracts")
LEDGER = (
    "entry_id,posted_on,party,supplier_id,entry_type,amount,account,party_kind,invoice_number,"
    "due_date,description,currency,vat_number,iban"
)


@dataclass
class Attached:
    part: str
    name: str
    data: bytes


@dataclass
class Thing:
    """A message or a file. A file has a `folder`, and a `drive` if it is in a shared drive."""

    key: str
    name: str
    data: bytes
    at: datetime
    version: int = 1
    folder: str = ""
    drive: str = ""
    sender: str = ""
    to: str = ""
    cc: str = ""
    results: list[str] | None = None  # Authentication-Results; None: the provider verified it
    labels: list[str] = field(default_factory=lambda: ["INBOX"])
    attached: list[Attached] = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """Entry number `serial` of the account's log: a thing was added, changed or deleted."""

    serial: int
    what: str
    thing: Thing


class Account:
    """The messages or files of one connection ("things"), and a log of their changes. The
    providers' cursors are positions in the log."""

    def __init__(self, seed: str, mail: bool, drives: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self.mail = mail
        self.identity = f"{hashlib.sha256(seed.encode()).hexdigest()[:12]}@example.org"
        self.drives = [f"drive{number}" for number in range(1, drives + 1)]
        self.things: dict[str, Thing] = {}
        self.log: list[Change] = []
        self.serial = 1000
        self.floor = 0  # cursors below it have expired
        self.stale = 410
        self._made = 0

    def add(self, count: int = 1) -> None:
        for _ in range(count):
            self.put({})

    def change(self, count: int = 1) -> None:
        """Change `count` things that the seed chooses: a file gets new bytes, a message gets
        another label."""
        for thing in self._some(count):
            thing.version += 1
            if self.mail:
                thing.labels = sorted(
                    {*thing.labels, self._random.choice(["STARRED", "IMPORTANT"])}
                )
            else:
                thing.data = self._ledger()
                thing.at += timedelta(hours=1)
            self._logged("changed", thing)

    def delete(self, count: int = 1, key: str | None = None) -> None:
        """Delete the thing with the key `key`, or else `count` things that the seed chooses."""
        for thing in [self.things[key]] if key in self.things else self._some(count):
            del self.things[thing.key]
            self._logged("deleted", thing)

    def delete_folder(self, folder: str) -> None:
        """Delete a folder and everything in it, as one entry of the log, because Dropbox reports no
        more."""
        for thing in [item for item in self.things.values() if _within(item, folder)]:
            del self.things[thing.key]
        self._logged("folder deleted", Thing("", folder, b"", EPOCH))

    def move(self, key: str, drive: str) -> None:
        """Move a file to another drive. One drive's log gets an addition, and the other's a
        removal."""
        thing = self.things[key]
        self._logged("changed", replace(thing, drive=drive))
        self._logged("deleted", replace(thing))
        thing.drive = drive

    def keep_drives(self, drives: list[str]) -> None:
        """Remove all shared drives except these. Their contents vanish without an entry in the
        log."""
        self.drives = drives
        for thing in [item for item in self.things.values() if item.drive not in {"", *drives}]:
            del self.things[thing.key]

    def put(self, description: dict[str, Any]) -> Thing:
        """Add a message or file. `description` has its name, text, attachments and so on; the seed
        chooses what is missing.

        A file whose path exists replaces the old file. Returns the thing.
        """
        self._made += 1
        thing = self._message(description) if self.mail else self._file(description)
        existing = next((item for item in self.things.values() if _same(item, thing)), None)
        if existing is not None and not self.mail:
            existing.data, existing.version = thing.data, existing.version + 1
            self._logged("changed", existing)
            return existing
        self.things[thing.key] = thing
        self._logged("added", thing)
        return thing

    def expire(self, status: int = 410) -> None:
        """Let all cursors that were given out so far expire. Drive refuses them with the HTTP
        status `status`."""
        self.stale = status
        self.serial += 1
        self.floor = self.serial

    def checks(self, thing: Thing, server: str) -> list[str]:
        """The message's Authentication-Results as the provider's server `server` writes them. All
        checks pass unless the message says otherwise."""
        if thing.results is not None:
            return thing.results
        domain = thing.sender.rpartition("@")[2].strip(" >")
        return [f"{server}; dkim=pass; spf=pass; dmarc=pass (p=REJECT) header.from={domain}"]

    def newest_first(self) -> list[Thing]:
        return sorted(self.things.values(), key=lambda thing: (thing.at, thing.key), reverse=True)

    def choose(self) -> Thing | None:
        return next(iter(self._some(1)), None)

    def _some(self, count: int) -> list[Thing]:
        things = [self.things[key] for key in sorted(self.things)]
        return self._random.sample(things, min(count, len(things)))

    def _logged(self, what: str, thing: Thing) -> None:
        self.serial += 1
        self.log.append(Change(self.serial, what, thing))

    def _message(self, description: dict[str, Any]) -> Thing:
        supplier = self._random.choice(SUPPLIERS)
        number = f"INV-{self._random.randrange(10_000, 99_999)}"
        amount = self._random.randrange(1_000, 900_000) / 100
        text = f"Dear customer,\n\ninvoice {number} over GBP {amount:,.2f} is due.\n\n{supplier}\n"
        attachments = description.get("attachments")
        if attachments is None:
            attachments = [{"name": f"{number}.csv"}] if self._random.random() < 0.4 else []
        return Thing(
            self._key(),
            str(description.get("subject", f"Invoice {number} from {supplier}")),
            str(description.get("text", text)).encode(),
            self._moment(description),
            sender=str(description.get("from", f'"{supplier}" <billing@example.com>')),
            to=str(description.get("to", "accounts@example.org")),
            cc=str(description.get("cc", self._random.choice(["", "cfo@example.org"]))),
            results=_results(description),
            attached=list(self._attachments(attachments)),
        )

    def _attachments(self, descriptions: list[dict[str, Any]]) -> Iterator[Attached]:
        for part, item in enumerate(descriptions, 1):
            yield Attached(str(part), str(item["name"]), _bytes(item, self._ledger))

    def _file(self, description: dict[str, Any]) -> Thing:
        return Thing(
            self._key(),
            str(description.get("name", f"ledger-{self._made:05}.csv")),
            _bytes(description, self._ledger),
            self._moment(description),
            folder=str(description.get("folder", self._random.choice(FOLDERS))),
            drive=str(description.get("drive", self._random.choice(["", *self.drives]))),
        )

    def _key(self) -> str:
        return f"{self._random.getrandbits(64):016x}"

    def _moment(self, description: dict[str, Any]) -> datetime:
        if "at" in description:
            return datetime.fromisoformat(description["at"])
        return EPOCH + timedelta(minutes=7 * self._made)

    def _ledger(self) -> bytes:
        """A few purchases in the columns of finley's own ledger format, as CSV."""
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(LEDGER.split(","))
        for _ in range(self._random.randrange(2, 6)):
            number = self._random.randrange(10**9)
            at = self._random.randrange(len(SUPPLIERS))
            day = EPOCH + timedelta(days=self._random.randrange(60))
            amount = f"{self._random.randrange(1_000, 900_000) / 100:.2f}"
            paid = (
                f"E{number:09}",
                f"{day:%Y-%m-%d}",
                SUPPLIERS[at],
                f"S-{at}",
                "purchase",
                amount,
            )
            due = f"{day + timedelta(days=30):%Y-%m-%d}"
            rest = (
                "Office",
                "vendor",
                f"INV-{number % 100_000:05}",
                due,
                "Supplies",
                "GBP",
                "",
                "",
            )
            rows.writerow((*paid, *rest))
        return out.getvalue().encode()


def _same(one: Thing, other: Thing) -> bool:
    """Return whether both things are files with the same path."""
    return one.drive == other.drive and path_of(one).lower() == path_of(other).lower()


def path_of(thing: Thing) -> str:
    return f"/{thing.folder}/{thing.name}" if thing.folder else f"/{thing.name}"


def _within(thing: Thing, folder: str) -> bool:
    return f"{thing.folder}/".lower().startswith(f"{folder}/".lower())


def _bytes(description: dict[str, Any], otherwise: Callable[[], bytes]) -> bytes:
    if "base64" in description:
        return base64.b64decode(description["base64"])
    return str(description["text"]).encode() if "text" in description else otherwise()


def _results(description: Any) -> list[str] | None:
    """The Authentication-Results that the description states; None if the provider verified the
    sender."""
    if "results" not in description:
        return None
    return [str(result) for result in description["results"]]
