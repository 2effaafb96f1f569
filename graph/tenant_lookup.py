"""Finds the tenant that a person names by id or e-mail address."""

from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import Q

from graph.errors import TenantUnknown

MOST_NAMED = 20


def find(user: str, *, create: bool = False) -> UUID:
    """Return the tenant's id. With `create`, an unknown tenant is created as a user without a
    password.

    Raises TenantUnknown for text that is neither a UUID nor an e-mail address, and for an unknown
    tenant.
    """
    filters = _as_filter(user)
    user_id = _existing(filters)
    if user_id is not None:
        return user_id
    if not create:
        raise TenantUnknown(f"No user is {user!r}. Add --create-user to create one.")
    try:
        with transaction.atomic(using="owner"):
            return _created(filters)
    except IntegrityError:  # another process has just created the user
        return find(user)


def named(text: str) -> list[UUID]:
    """Return the tenants that a person may mean by the text.

    An id or a whole e-mail address selects one tenant. A part of an address or a name selects at
    most MOST_NAMED, ordered by address.
    """
    with suppress(TenantUnknown):
        return [find(text)]
    users = get_user_model().objects.using("owner")
    parts = (Q((f"{column}__icontains", text)) for column in ("email", "first_name", "last_name"))
    rows = users.filter(Q.create([*parts], connector=Q.OR)).order_by("email")
    return list(rows.values_list("id", flat=True)[:MOST_NAMED])


def strangers(ids: Iterable[UUID]) -> list[UUID]:
    """Return those of the ids that belong to no user."""
    wanted_ids = list(ids)
    users = get_user_model().objects.using("owner")
    existing = set(users.filter(id__in=wanted_ids).values_list("id", flat=True))
    return [user_id for user_id in wanted_ids if user_id not in existing]


def addresses(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return id → e-mail address of the user, for those of the ids that belong to a user."""
    wanted_ids = list(ids)
    if not wanted_ids:
        return {}
    users = get_user_model().objects.using("owner").filter(id__in=wanted_ids)
    return dict(users.values_list("id", "email"))


def _existing(filters: dict[str, str | UUID]) -> UUID | None:
    users = get_user_model().objects.using("owner")
    user_id: UUID | None = users.filter(**filters).values_list("id", flat=True).first()
    return user_id


def _as_filter(user: str) -> dict[str, str | UUID]:
    try:
        if "@" not in user:
            return {"id": UUID(user)}
        validate_email(user)
        return {"email__iexact": user}
    except (ValueError, ValidationError):
        raise TenantUnknown(f"{user!r} is neither a UUID nor an e-mail address.") from None


def _created(filters: dict[str, str | UUID]) -> UUID:
    users = get_user_model().objects.db_manager("owner")
    if "id" in filters:
        user = users.create_user(f"{filters['id']}@tenant.invalid", id=filters["id"])
    else:
        user = users.create_user(str(filters["email__iexact"]))
    return UUID(str(user.pk))
