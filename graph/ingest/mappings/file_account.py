"""Decides which account a guessed file is about.

It finds the source and the account's name, which must be the same for every download.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from graph.database.tenancy import tenant_transaction
from graph.ingest.mappings.column_names import slug
from graph.ingest.mappings.mapping import Mapping, PartyRule

_ONCE = (
    "ledger",
    "card",
    "bank",
    "claims",
    "sales",
    "donations",
)  # older sources name one of these
LONGEST = 60  # characters of an account's name in a source's key
_OWN_NAME = (
    "SELECT party_name FROM raw_events WHERE user_id = %s AND source = %s AND posting = %s "
    "ORDER BY created_at DESC, external_id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Account:
    """What a person says about a file's account: its `name`, or that it is the `same` as that of
    earlier files."""

    name: str = ""
    same: bool = False


UNSTATED = Account()


def settled(user_id: UUID, mapping: Mapping, account: Account) -> Mapping:
    """Return the mapping with the source and account name of earlier files of its layout.

    An older source of the same layout stays, so that its rows are recognised. A name that was only
    derived from a file's name does not change with the next download.
    """
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        source = mapping.source
        prefix, _, layout = source.partition(".")
        for older in (f"{prefix}.{platform}.{layout}" for platform in _ONCE):
            cursor.execute(
                "SELECT EXISTS (SELECT FROM raw_events WHERE user_id = %s AND source = %s)",
                [user_id, older],
            )
            if cursor.fetchone() == (True,):
                source = older
                break
        if account.name:
            source = f"{source}.{slug(account.name)[:LONGEST]}"
        of_source = replace(mapping, source=source)
        name = account.name or mapping.key.account  # what the file itself says stays
        payer = _own_side(cursor, user_id, of_source.payer, (source, 1), name)
        payee = _own_side(cursor, user_id, of_source.payee, (source, 2), name)
    return replace(of_source, payer=payer, payee=payee)


def _own_side(
    cursor: CursorWrapper, user_id: UUID, party: PartyRule, posting: tuple[str, int], name: str
) -> PartyRule:
    """Return the rule for the tenant's own party with the name `name`, or without one, with the
    name that this source's postings have.

    A rule that finds names in the file is returned unchanged.
    """
    if party.name or party.keys or party.or_else:
        return party
    cursor.execute(_OWN_NAME, [user_id, *posting])
    row = cursor.fetchone()
    return _called(party, name or (row[0] if row else None))


def _called(party: PartyRule, name: str | None) -> PartyRule:
    return replace(party, default=name) if name and party.kind != "vendor" else party
