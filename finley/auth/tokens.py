"""API tokens that a person makes for their own tenant. The owner's role writes them."""

from datetime import timedelta

from finley.models import ApiToken, User
from graph.database.role import as_owner
from graph.errors import NotFound, TooMany
from graph.http.scopes import READ, SYNC

MOST = 50  # tokens of a person
DAYS = 365  # days that a token is valid: the maximum and the default
SCOPES = (READ, SYNC)  # that a person may give; `manage.py tokens` gives admin


def listed(person: User) -> list[ApiToken]:
    """The user's tokens, oldest first. Only the first letters of a token's text are stored."""
    with as_owner():
        return list(ApiToken.objects.filter(user=person).order_by("created", "digest"))


def make(person: User, name: str, scopes: list[str], days: int = DAYS) -> tuple[ApiToken, str]:
    """Create a token and return it with its text, which cannot be shown again. Raises TooMany."""
    with as_owner():
        if ApiToken.objects.filter(user=person).count() >= MOST:
            raise TooMany(f"You have {MOST} tokens: revoke some first.", after=60)
        row, token = ApiToken.objects.create(
            person, name=name, scopes=scopes, expiry=timedelta(days=days)
        )
        return row, str(token)


def revoke(person: User, token_key: str) -> None:
    """Revoke the token with these first letters. Raises NotFound."""
    with as_owner():
        row = ApiToken.objects.filter(user=person, token_key=token_key).first()
        if row is None:
            raise NotFound("You have no such token.", "id")
        row.delete()
