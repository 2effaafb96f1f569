"""Whose account a guessed file is: its source and its own side, the same for every download."""

from dataclasses import dataclass, replace
from uuid import UUID

from graph.database.tenancy import tenant_transaction
from graph.ingest.columns import slug
from graph.ingest.mapping import Mapping, PartyRule

_ONCE = (
    "ledger",
    "card",
    "bank",
    "claims",
    "sales",
    "donations",
)  # older sources name one of these
_OWN_NAME = (
    "SELECT party_name FROM raw_events WHERE user_id = %s AND source = %s AND posting = %s "
    "ORDER BY created_at DESC, external_id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Account:
    """What the user says: the account's `name`, or that it is the `same` as before."""

    name: str = ""
    same: bool = False


UNSTATED = Account()


def states_account(mapping: Mapping) -> bool:
    """Whether the file says whose account it is, in a column or above its header."""
    return bool(mapping.key.account or mapping.payer.name or mapping.payer.keys)


def settled(user_id: UUID, mapping: Mapping, account: Account) -> Mapping:
    """The mapping under the source and the own side's name that earlier files of its layout have.

    An older source of the same layout is kept, so that its rows are known again. A name that only
    comes from a file's name does not change with the next download's.
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
            source = f"{source}.{slug(account.name)[:60]}"
        named = replace(mapping, source=source)
        sides = (("payer", 1, named.payer), ("payee", 2, named.payee))
        for side, posting, party in sides:
            if party.name or party.keys or party.or_else:
                continue
            cursor.execute(_OWN_NAME, [user_id, source, posting])
            known = cursor.fetchone()
            own = account.name or (known[0] if known else None)
            named = replace(named, **{side: _called(party, own)})
    return named


def _called(party: PartyRule, name: str | None) -> PartyRule:
    return replace(party, default=name) if name and party.kind != "vendor" else party
