"""Finds the counterparty of a row, and the tenant's own account."""

import re
from dataclasses import dataclass

from graph.ingest.guessing.profile import Column
from graph.ingest.guessing.roles import is_iban, typeness
from graph.ingest.guessing.sample import Sample
from graph.ingest.guessing.title_scores import likeness, words
from graph.ingest.guessing.vocabulary import CATEGORIES

_IBAN_ABOVE = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){10,30}\b")
_LABELLED = re.compile(r"[^\W\d][^:\d]{2,30}:\s*[\d\s*.\u2022X-]{8,}$")  # "Konto: 12 3456 7890"
_NAME = re.compile(r"[^\W\d_a-z][^\W\d_]*[.,]?(?:[ &'/.-]+[^\W\d_]+[.,]?)+\)?")
LIKE_NAMES = 0.6  # of the values
_TAKEN = (
    "payee", "payer", "counterparty", "vendor", "customer", "employee", "account", "status",
    "direction", "currency", "document", "id", "department", "email",
)  # fmt: skip
_KEYS = {
    "vendor": ("supplier_id", "company_number", "charity_number", "vat_number"),
    "customer": ("customer_id", "email", "company_number", "vat_number"),
    "employee": ("employee_id", "email"),
}


PARTY = "a party (supplier, payee, customer, employee, counterparty or description)"


@dataclass(frozen=True)
class Others:
    """The columns with the counterparty's name, for paid and for received rows.

    In each row, the first column that is not blank counts. `named` is false if only descriptions
    are left.
    """

    paid: tuple[Column, ...]
    received: tuple[Column, ...]
    named: bool


def others_of(sample: Sample) -> Others:
    """Return the columns that may name the counterparty: names first, then descriptions, then the
    way of payment."""
    role = sample.role
    payee, payer, party = role("payee"), role("payer"), role("counterparty")
    vendor, customer = role("vendor"), role("customer")
    texts = descriptions(sample)
    paid = [payee, vendor, party, None if payee else payer, None if payee else customer]
    received = [payer, party, customer, vendor, None if payer else payee]
    if _holds_ours_only(payer, payee):  # our account, as payer or as payee
        paid = [column for column in paid if column not in (payer, payee)]
        received = [column for column in received if column not in (payer, payee)]
    party_columns = [column for column in (*paid, *received) if column]
    if any(not is_holder(column) for column in party_columns):
        paid = [column for column in paid if not is_holder(column)]
        received = [column for column in received if not is_holder(column)]
    paid, received = sorted(paid, key=_is_mail), sorted(received, key=_is_mail)
    return Others(_chain([*paid, *texts]), _chain([*received, *texts]), bool(party_columns))


def _holds_ours_only(payer: Column | None, payee: Column | None) -> bool:
    """Return whether the columns payer and payee have only one name between them, which is then
    the tenant's own."""
    if payer is None or payee is None:
        return False
    return len(set(payer.values) | set(payee.values)) == 1 and payer.rows > 2


def is_holder(column: Column | None) -> bool:
    """Return whether the column has one name only, in at least half of the rows: that of the
    account's holder, not a counterparty."""
    return column is not None and column.rows > 2 and column.filled >= 0.5 and column.distinct == 1


def _is_mail(column: Column | None) -> bool:
    """Return whether the column has mail addresses or account numbers.

    They name a party only if no column of names does.
    """
    return column is not None and column.share(lambda v: "@" in v or is_iban(v)) >= 0.5


def names_anybody(column: Column) -> bool:
    """Return whether the title is a general word for a party, such as "contact".

    It then does not say whether the party buys or sells.
    """
    return set(words(column.title).split("_")) <= {"contact", "contactname", "company", "name"}


def has_party(sample: Sample) -> bool:
    others = others_of(sample)
    return bool(others.paid or others.received or sample.role("employee") or sample.role("donor"))


def _chain(columns: list[Column | None]) -> tuple[Column, ...]:
    """Return the columns in order, each once, up to and with the first that is filled in every
    row."""
    chain: list[Column] = []
    for column in columns:
        if column is None or column in chain or not column.values:
            continue
        if chain and chain[-1].filled == 1:
            break
        chain.append(column)
    return tuple(chain)


def descriptions(sample: Sample) -> list[Column]:
    """Return the columns of free text. Those that say most about the counterparty come first."""
    candidates = []
    for column in sample.columns:
        free = likeness("description", column.title)
        coded = likeness("type", column.title)
        if not column.texty or column.is_date or column.is_money or max(free, coded) < 0.4:
            continue
        if _is_taken(sample, column) or column.share(_LABELLED.match) >= 0.9:
            continue
        constant = column.rows > 1 and column.distinct == 1
        rank = (
            _is_code(column),
            constant,
            _is_category(column),
            typeness(column) > 0.5 or _is_few(column),
            free < 0.885 and coded < 0.885,
            free < 0.885 and coded < free,
            free < 0.5 or not _holds_names(column),
            -free,
            -column.length,
        )
        candidates.append((rank, column.at, column))
    ranked = [column for _, _, column in sorted(candidates, key=lambda item: item[:2])]
    moving = [c for c in ranked if not (c.rows > 1 and c.distinct == 1) and not _is_code(c)]
    return _numbered(moving) or ranked


def _is_code(column: Column) -> bool:
    """Return whether every value is a code of its own and no text: 'txn_1Nx8aQ77'."""
    codes = column.share(lambda v: " " not in v and any(map(str.isdigit, v)))
    return codes == 1 and column.rows > 1 and column.distinct == len(column.values)


def _is_few(column: Column) -> bool:
    """Return whether the column has so few values in so many rows that they are kinds."""
    return column.rows >= 6 and column.distinct * 4 <= column.rows


def names_nobody(column: Column) -> bool:
    """Return whether the column has kinds or ways of payment instead of parties.

    Few values in many rows are kinds.
    """
    few, kinds = column.rows >= 8 and column.distinct <= 3, typeness(column) > 0.5
    text = likeness("description", column.title)
    if text >= 0.885:
        return few and kinds
    named = likeness("type", column.title) > max(0.885, text) and column.distinct < column.rows
    return few or kinds or named


def namelike(column: Column) -> float:
    """Return the share of the values that look like names: two words or a company's form, no
    numbers."""
    return column.share(_NAME.fullmatch)


def _holds_names(column: Column) -> bool:
    return column.distinct * 2 > column.rows > 2 and namelike(column) >= LIKE_NAMES


def _is_category(column: Column) -> bool:
    return bool(set(words(column.title).split("_")) & CATEGORIES)


def _numbered(columns: list[Column]) -> list[Column]:
    """Return the columns, in another order if the first two have the same title but for a number at
    its end.

    Of these two, one that is not always filled comes first, because it says more.
    """
    if len(columns) > 1:
        first, second = columns[:2]
        alike = re.sub(r"\W*[0-9]+$", "", first.title) == re.sub(r"\W*[0-9]+$", "", second.title)
        if alike and first.filled == 1 and 0.3 < second.filled < 1:
            return [second, first, *columns[2:]]
    return columns


def _is_taken(sample: Sample, column: Column) -> bool:
    return any(sample.role(role) is column for role in _TAKEN)


def own_account(sample: Sample) -> Column | None:
    """Return a column whose title names an account and whose values hardly change, or None."""
    column = sample.role("account")
    if column is None or sample.confidence("account") < 0.4:
        return None
    return column if column.distinct <= max(3, column.rows // 20) else None


def account_above(above: tuple[str, ...]) -> str:
    """Return the account's IBAN in the cells above the header, or ""."""
    for cell in above:
        if iban := _IBAN_ABOVE.search(cell):
            return iban[0].replace(" ", "")
    return ""


def constant_side(sample: Sample, least: float = 0.0) -> tuple[str, bool]:
    """Return the tenant's name, and whether it is certain.

    It is the name that most rows have as payer or payee, in at least the share `least` of the rows;
    "" if there is none.
    """
    payer, payee = sample.role("payer"), sample.role("payee")
    if payer is None or payee is None:
        return "", False
    counts: dict[str, int] = {}
    for row in sample.table:
        for name in {row[payer.at], row[payee.at]} - {""}:
            counts[name] = counts.get(name, 0) + 1
    best = max(counts, key=lambda name: counts[name], default="")
    if not best or counts[best] < least * sample_rows(sample):
        return "", False
    return best, counts[best] == sample_rows(sample)


def sample_rows(sample: Sample) -> int:
    return len(sample.table)


def keys(sample: Sample, kind: str) -> tuple[tuple[str, str], ...]:
    """Return the columns with strong keys of a party of that kind, as (kind of key, column)."""
    pairs = [(key, sample.role(key)) for key in _KEYS.get(kind, ())]
    if kind in {"vendor", "party"}:
        pairs.append((_kind_of_account(sample.role("party_account")), sample.role("party_account")))
    return tuple((key, column.name) for key, column in pairs if column)


def account_keys(sample: Sample, account: Column | None) -> tuple[tuple[str, str], ...]:
    """Return the columns with the own account's IBAN or number, as (kind of key, column).

    It may be in the account's own column or in another one.
    """
    if account is None:
        return ()
    if account.values and account.share(is_iban) == 1:
        return (("iban", account.name),)
    for column in sample.columns:
        is_account = column is not account and likeness("account", column.title) > 0.4
        if is_account and column.distinct == 1 and column.share(is_iban) == 1:
            return (("iban", column.name),)
    if "number" in account.name and "account" in account.name:
        return (("account_number", account.name),)
    return ()


def _kind_of_account(column: Column | None) -> str:
    return "iban" if column and column.share(is_iban) >= 0.5 else "account_number"
