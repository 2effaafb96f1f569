"""One statement in several forms counts once (docs/formats.md publishes what is tested here)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from finley.models import User
from graph.ingest.file_parts import NO_HINTS, format_of
from graph.ingest.import_file import Imported, import_file
from graph.ingest.mappings import from_toml
from graph.ingest.readers.parts import Hints
from graph.ingest.store.same_bookings import account_of
from graph.models import RawEvent
from tests.graph.ingest.contents import contents
from tests.graph.ingest.readers.statements import test_camt as camt

IBAN = "DE02100200300001234567"  # bank code 10020030, account number 1234567
CSV = """
name = "bank-csv"
platform = "bank"
[date]
column = "booked"
formats = ["%d.%m.%Y"]
[amount]
column = "amount"
decimal = ","
positive = "payer_receives"
[payer]
kind = "account"
name = "account"
[payer.keys]
iban = "account"
[payee]
kind = "vendor"
name = "party"
default = "Unknown"
[fields]
description = "text"
[constants]
currency = "EUR"
"""
# day, amount, party, text, end-to-end id: two equal coffees, and a payment either way
ROWS = (
    ("2025-01-13", "-12.50", "Clay Barn", "Invoice RE-2025-17", "E2E-100017"),
    ("2025-01-13", "-3.50", "Kiosk", "Coffee", ""),
    ("2025-01-13", "-3.50", "Kiosk", "Coffee", ""),
    ("2025-01-14", "100.00", "Willow Fair", "Stall", "E2E-100018"),
)
Row = tuple[str, str, str, str, str]
Take = Callable[..., tuple[int, int, int, int]]


def as_csv(rows: tuple[Row, ...]) -> str:
    lines = ["account;booked;amount;party;text"]
    for day, amount, party, text, _ in rows:
        year, month, date = day.split("-")
        amount_text = amount.replace(".", ",")
        lines.append(f"{IBAN};{date}.{month}.{year};{amount_text};{party.upper()};{text.upper()}")
    return "\n".join(lines) + "\n"


def as_camt(rows: tuple[Row, ...], kind: str = "Stmt") -> str:
    entries = []
    for day, amount, party, text, reference in rows:
        refs = f"<Refs><EndToEndId>{reference or 'NOTPROVIDED'}</EndToEndId></Refs>"
        more = f"{refs}<RmtInf><Ustrd>{text}</Ustrd></RmtInf>"
        pays = amount.startswith("-")
        details = camt.tx("Cdtr" if pays else "Dbtr", party, more=more)
        entries.append(camt.entry(amount.lstrip("-"), "DBIT" if pays else "CRDT", details, day=day))
    text = camt.statement(*entries, iban=IBAN).replace("Stmt>", f"{kind}>")
    message = {"Stmt": "BkToCstmrStmt", "Ntfctn": "BkToCstmrDbtCdtNtfctn"}[kind]
    return camt.document(text, message=message)


def as_mt940(rows: tuple[Row, ...], account: str = "10020030/1234567") -> str:
    lines = [":20:X", f":25:{account}", ":28C:1/1", ":60F:C250112EUR100,00"]
    for day, amount, party, text, reference in rows:
        short = day[2:].replace("-", "")
        mark, amount_text = (
            ("D" if amount.startswith("-") else "C"),
            amount.lstrip("-").replace(".", ","),
        )
        lines.append(f":61:{short}{short[2:]}{mark}{amount_text}NTRFNONREF")
        sepa = f"EREF+{reference}?21" if reference else ""
        lines.append(f":86:166?20{sepa}SVWZ+{text}?32{party}")
    return "\n".join([*lines, "-"]) + "\n"


FORMS = {"csv": as_csv, "xml": as_camt, "sta": as_mt940}


@pytest.fixture
def imported(committed: None, tenant: User, tmp_path: Path) -> Callable[..., Imported]:
    """Imports a file of this text and name."""
    by = tmp_path / "bank-csv.toml"
    by.write_text(CSV)

    def import_text(text: str, name: str) -> Imported:
        path = tmp_path / name
        path.write_text(text)
        form = from_toml.load(by) if name.endswith(".csv") else format_of(path)
        return import_file(tenant.id, path, form, tmp_path / "rejects")

    return import_text


@pytest.fixture
def take(imported: Callable[..., Imported]) -> Take:
    """Imports a text; how many rows were stored, updated, unchanged and rejected."""

    def taken(text: str, name: str) -> tuple[int, int, int, int]:
        counts = imported(text, name).counts
        outcome = (
            counts.rows_stored, counts.rows_updated, counts.rows_unchanged, counts.rows_rejected,
        )  # fmt: skip
        assert counts.rows_in == sum(outcome)
        return outcome

    return taken


def amounts(tenant: User) -> list[str]:
    """What the account has gained, row by row."""
    events = contents(tenant.id)["events"]
    own = [event["amount"] for event in events.values() if event["party_kind"] == "account"]
    return sorted(f"{amount:.2f}" for amount in own)


RIGHT = sorted(amount for _, amount, *_ in ROWS)


@pytest.mark.parametrize(
    "order",
    [
        ("csv", "xml", "sta"), ("csv", "sta", "xml"), ("xml", "csv", "sta"),
        ("xml", "sta", "csv"), ("sta", "csv", "xml"), ("sta", "xml", "csv"),
    ],
)  # fmt: skip
def test_three_forms_of_one_statement_count_once(
    take: Take, tenant: User, order: tuple[str, ...]
) -> None:
    first, *others = order
    assert take(FORMS[first](ROWS), f"a.{first}") == (4, 0, 0, 0)
    for form in (*others, *order):
        assert take(FORMS[form](ROWS), f"a.{form}") == (0, 0, 4, 0)
    assert amounts(tenant) == RIGHT
    files = {
        place[0]
        for event in contents(tenant.id)["events"].values()
        for place in event["provenance"]
    }
    assert files == {"a.csv", "a.xml", "a.sta"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("other", FORMS)
def test_periods_that_overlap_add_what_is_new(
    take: Take, tenant: User, form: str, other: str
) -> None:
    late: tuple[Row, ...] = (*ROWS[1:], ("2025-01-15", "-7.00", "Kiln", "Glaze", "E2E-100019"))
    take(FORMS[form](ROWS), f"one.{form}")
    assert take(FORMS[other](late), f"two.{other}") == (1, 0, 3, 0)
    assert amounts(tenant) == sorted([*RIGHT, "-7.00"])


GERMAN = """"Auftragskonto";"Buchungstag";"Verwendungszweck";"Kundenreferenz (End-to-End)";\
"Beguenstigter/Zahlungspflichtiger";"Kontonummer/IBAN";"Betrag";"Waehrung"
"{iban}";"13.01.25";"Rechnung";"E2E-100017";"Clay Barn GmbH";"DE89370400440532013000";"-12,50";"EUR"
"{iban}";"13.01.25";"Coffee";"";"Kiosk";"";"-3,50";"EUR"
"{iban}";"13.01.25";"Coffee";"";"Kiosk";"";"-3,50";"EUR"
"{iban}";"14.01.25";"Stall";"E2E-100018";"Willow Fair";"";"100,00";"EUR"
""".replace("\\\n", "")
PLAIN = """Date;Payee;Description;Amount;Currency
2025-01-13;Clay Barn;Invoice RE-2025-17;-12,50;EUR
2025-01-13;Kiosk;Coffee;-3,50;EUR
2025-01-13;Kiosk;Coffee;-3,50;EUR
2025-01-14;Willow Fair;Stall;100,00;EUR
"""


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("text", "hints"),
    [(GERMAN.format(iban=IBAN), NO_HINTS), (PLAIN, Hints(account=IBAN))],
    ids=["with a column of the account", "with the account stated"],
)
def test_a_table_that_is_guessed_is_known_too(  # noqa: PLR0917 - fixtures and cases
    take: Take, tenant: User, tmp_path: Path, text: str, hints: Hints, first: bool
) -> None:
    path = tmp_path / "umsaetze.csv"
    path.write_text(text)
    if not first:
        take(as_camt(ROWS), "a.xml")
    counts = import_file(tenant.id, path, format_of(path), tmp_path / "rejects", hints=hints).counts
    assert (counts.rows_stored, counts.rows_unchanged) == ((4, 0) if first else (0, 4))
    for form in ("xml", "sta"):
        assert take(FORMS[form](ROWS), f"a.{form}") == (0, 0, 4, 0)
    assert amounts(tenant) == RIGHT


def test_camt_and_mt940_give_equal_events(take: Take, tenant: User) -> None:
    facts = ("occurred_at", "amount", "currency", "party_kind", "party_name", "description")

    def events(text: str, name: str, user: User) -> list[tuple[object, ...]]:
        take(text, name)
        postings = contents(user.id)["events"].values()
        return sorted(tuple(str(event[fact]) for fact in facts) for event in postings)

    expected = events(as_camt(ROWS), "a.xml", tenant)
    RawEvent.objects.using("owner").filter(user_id=tenant.id).delete()
    assert events(as_mt940(ROWS, account=IBAN), "a.sta", tenant) == expected


BOOKED = """Konto;Buchungstag;Valutadatum;Name;Verwendungszweck;Betrag;Waehrung
{iban};13.01.25;15.01.25;Clay Barn;Rechnung 17;-12,50;EUR
{iban};14.01.25;15.01.25;Kiosk;Coffee;-3,50;EUR
{iban};15.01.25;16.01.25;Kiosk;Coffee;-3,50;EUR
{iban};30.01.25;01.02.25;Willow Fair;Stall;100,00;EUR
"""
VALUED = """Konto;Valutadatum;Name;Verwendungszweck;Betrag;Waehrung
{iban};15.01.25;Clay Barn;Rechnung 17;-12,50;EUR
{iban};15.01.25;Kiosk;Coffee;-3,50;EUR
{iban};16.01.25;Kiosk;Coffee;-3,50;EUR
{iban};01.02.25;Willow Fair;Stall;100,00;EUR
{iban};02.02.25;Kiln;Glaze;-7,00;EUR
"""


@pytest.mark.parametrize("order", [(BOOKED, VALUED), (VALUED, BOOKED)])
def test_a_file_of_value_days_beside_a_dated_one_counts_once(
    tenant: User, committed: None, tmp_path: Path, order: tuple[str, str]
) -> None:
    for number, text in enumerate(order):
        path = tmp_path / f"{number}.csv"
        path.write_text(text.format(iban=IBAN))
        import_file(tenant.id, path, format_of(path), tmp_path / "rejects")
    assert amounts(tenant) == sorted(["-12.50", "-3.50", "-3.50", "100.00", "-7.00"])


@pytest.mark.parametrize("form", ["xml", "sta"])
def test_a_booking_in_other_words_is_an_update(take: Take, tenant: User, form: str) -> None:
    day, amount, party, _, reference = ROWS[0]
    reworded = ((day, amount, party, "RE-2025-17 with thanks", reference), *ROWS[1:])
    take(FORMS[form](ROWS), f"one.{form}")
    assert take(FORMS[form](reworded), f"two.{form}") == (0, 1, 3, 0)
    assert take(FORMS[form](reworded), f"two.{form}") == (0, 0, 4, 0)
    assert amounts(tenant) == RIGHT
    texts = {event["description"] for event in contents(tenant.id)["events"].values()}
    assert "RE-2025-17 with thanks" in texts


def test_two_coffees_of_which_one_was_known_are_two(take: Take, tenant: User) -> None:
    take(as_csv(ROWS[:2]), "one.csv")
    assert take(as_camt(ROWS), "two.xml") == (2, 0, 2, 0)
    assert amounts(tenant) == RIGHT


def test_payments_that_only_share_day_and_amount_stay_apart(
    imported: Callable[..., Imported], tenant: User
) -> None:
    one, other = (
        ("2025-01-13", "-50.00", "Clay Barn", "pots", ""),
        ("2025-01-13", "-50.00", "Town Hall", "fee", ""),
    )
    imported(as_csv((one,)), "one.csv")
    result = imported(as_camt((other,)), "two.xml")
    assert result.counts.rows_stored == 1
    assert "resemble no row of that amount from bank-csv" in result.warnings[0]
    assert amounts(tenant) == ["-50.00", "-50.00"]


def test_different_references_tell_equal_payments_apart(take: Take, tenant: User) -> None:
    rows = tuple(("2025-01-13", "-50.00", "Clay Barn", "pots", f"E2E-20000{n}") for n in range(2))
    take(as_camt(rows[:1]), "one.xml")
    assert take(as_mt940(rows[1:]), "two.sta") == (1, 0, 0, 0)
    assert amounts(tenant) == ["-50.00", "-50.00"]


def test_notifications_of_one_day_do_not_replace_one_another(take: Take, tenant: User) -> None:
    """Each states some of a day's bookings: that another is missing in it means nothing."""
    rows = tuple(
        ("2025-01-13", "-50.00", "Clay Barn", f"pots {word}", "") for word in ("red", "blue")
    )
    assert take(as_camt(rows[:1], "Ntfctn"), "one.xml") == (1, 0, 0, 0)
    assert take(as_camt(rows[1:], "Ntfctn"), "two.xml") == (1, 0, 0, 0)
    assert take(as_camt(rows), "three.xml") == (0, 2, 0, 0)  # now stated as booked
    assert amounts(tenant) == ["-50.00", "-50.00"]


@pytest.mark.parametrize("first", ["xml", "sta"])
def test_a_batch_is_the_line_that_another_form_states(take: Take, tenant: User, first: str) -> None:
    details = camt.tx("Cdtr", "Ann", "100.00") + camt.tx("Cdtr", "Ben", "200.00")
    batch = camt.document(camt.statement(camt.entry("300.00", details=details), iban=IBAN))
    line = as_mt940((("2025-01-13", "-300.00", "", "SAMMLER", ""),))
    files = [(batch, "a.xml"), (line, "a.sta")]
    for text, name in files if first == "xml" else reversed(files):
        take(text, name)
    assert amounts(tenant) == (["-100.00", "-200.00"] if first == "xml" else ["-300.00"])


def test_another_tenants_bookings_are_not_known(
    take: Take, other_tenant: User, tmp_path: Path
) -> None:
    take(as_camt(ROWS), "a.xml")
    path = tmp_path / "b.sta"
    path.write_text(as_mt940(ROWS))
    result = import_file(other_tenant.id, path, format_of(path), tmp_path / "rejects")
    assert result.counts.rows_stored == 4


@pytest.mark.parametrize(
    ("iban", "number", "account"),
    [
        ("DE02 1002 0030 0001 2345 67", None, "100200300001234567"),
        (None, "10020030/1234567", "100200300001234567"),
        (None, "DE02100200300001234567", "100200300001234567"),
        ("nl91abna0417164300", None, "NL91ABNA0417164300"),
        (None, "100/0001", "100/0001"),
        (None, None, ""),
    ],
)
def test_an_account_is_one_however_it_is_written(
    iban: str | None, number: str | None, account: str
) -> None:
    assert account_of(iban, number) == account
