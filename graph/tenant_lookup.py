"""Finds the tenant that a person names by id or e-mail address."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from graph.errors import TenantUnknown


def find(named: str, *, create: bool = False) -> UUID:
    """The tenant's id. With `create`, an unknown tenant is created as a user without a password.

    Raises TenantUnknown for text that is neither a UUID nor an e-mail address, and for an unknown
    tenant.
    """
    wanted = _as_filter(named)
    user_id = _existing(wanted)
    if user_id is not None:
        return user_id
    if not create:
        raise TenantUnknown(f"No user is {named!r}. Add --create-user to create one.")
    try:
        with transaction.atomic(using="owner"):
            return _created(wanted)
    except IntegrityError:  # another process has just created the user
        return find(named)


def strangers(ids: Iterable[UUID]) -> list[UUID]:
    """Those of the ids that belong to no user."""
    wanted = list(ids)
    users = get_user_model().objects.using("owner")
    existing = set(users.filter(id__in=wanted).values_list("id", flat=True))
    return [user_id for user_id in wanted if user_id not in existing]


def addresses(ids: Iterable[UUID]) -> dict[UUID, str]:
    """The e-mail addresses of those of the ids that belong to a user."""
    wanted = list(ids)
    if not wanted:
        return {}
    users = get_user_model().objects.using("owner").filter(id__in=wanted)
    return dict(users.values_list("id", "email"))


def _existing(wanted: dict[str, str | UUID]) -> UUID | None:
    users = get_user_model().objects.using("owner")
    user_id: UUID | None = users.filter(**wanted).values_list("id", flat=True).first()
    return user_id


def _as_filter(named: str) -> dict[str, str | UUID]:
    try:
        if "@" not in named:
            return {"id": UUID(named)}
        validate_email(named)
        return {"email__iexact": named}
    except (ValueError, ValidationError):
        raise TenantUnknown(f"{named!r} is neither a UUID nor an e-mail address.") from None


def _created(wanted: dict[str, str | UUID]) -> UUID:
    users = get_user_model().objects.db_manager("owner")
    if "id" in wanted:
        user = users.create_user(f"{wanted['id']}@tenant.invalid", id=wanted["id"])
    else:
        user = users.create_user(str(wanted["email__iexact"]))
    return UUID(str(user.pk))
