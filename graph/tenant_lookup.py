"""Which tenant a person means: an id or an e-mail address."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from graph.errors import TenantUnknown


def find(named: str, *, create: bool = False) -> UUID:
    """The tenant's id. With `create` an unknown one is made, as a user without a password.

    Raises TenantUnknown for text that is neither a UUID nor an address, and for a stranger.
    """
    wanted = _as_filter(named)
    found = _known(wanted)
    if found is not None:
        return found
    if not create:
        raise TenantUnknown(f"No user is {named!r}. Add --create-user to make one.")
    try:
        with transaction.atomic(using="owner"):
            return _made(wanted)
    except IntegrityError:  # someone else has just made the user
        return find(named)


def strangers(ids: Iterable[UUID]) -> list[UUID]:
    """Those of these tenants whom no user is."""
    wanted = list(ids)
    users = get_user_model().objects.using("owner")
    known = set(users.filter(id__in=wanted).values_list("id", flat=True))
    return [user_id for user_id in wanted if user_id not in known]


def _known(wanted: dict[str, str | UUID]) -> UUID | None:
    users = get_user_model().objects.using("owner")
    found: UUID | None = users.filter(**wanted).values_list("id", flat=True).first()
    return found


def _as_filter(named: str) -> dict[str, str | UUID]:
    try:
        if "@" not in named:
            return {"id": UUID(named)}
        validate_email(named)
        return {"email__iexact": named}
    except (ValueError, ValidationError):
        raise TenantUnknown(f"{named!r} is neither a UUID nor an e-mail address.") from None


def _made(wanted: dict[str, str | UUID]) -> UUID:
    users = get_user_model().objects.db_manager("owner")
    if "id" in wanted:
        user = users.create_user(f"{wanted['id']}@tenant.invalid", id=wanted["id"])
    else:
        user = users.create_user(str(wanted["email__iexact"]))
    return UUID(str(user.pk))
