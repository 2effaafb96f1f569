"""Users, each of whom is a tenant, and their API tokens."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from knox.models import AbstractAuthToken

from graph.http.scopes import READ, SCOPES, SYNC


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address."""

    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        """A user with this address. Without a password, only tokens give access."""
        user = self.model(email=self.normalize_email(email), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """The user with this address, ignoring case."""
        return self.get(email__iexact=username)

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractUser):  # type: ignore[django-manager-missing]
    """A tenant: every row of its graph carries this id as `user_id`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    legal_hold = models.TextField(
        blank=True,
        db_default="",
        help_text="Why the law requires that the books stay when this tenant is erased",
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="finley_user_email_unique",
                violation_error_message="A user with this e-mail address exists already.",
            )
        ]

    def __str__(self) -> str:
        return self.email


class Role(models.TextChoices):
    """What a member may do with a tenant's data. Each role may do everything that the roles before
    it may."""

    VIEWER = "viewer", "viewer: reads"
    REVIEWER = "reviewer", "reviewer: decides what the queues ask"
    OWNER = "owner", "owner: imports, and says who is a member"

    def includes(self, other: "Role") -> bool:
        """Return whether this role may do everything that the other role may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Membership(models.Model):
    """Lets a user see a tenant's data in a role, once the user has accepted it.

    A user owns the tenant whose id is the user's own, and needs no membership for that.
    """

    member = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(User, models.CASCADE, related_name="members")
    role = models.TextField(choices=Role, db_default=Role.VIEWER.value)
    created = models.DateTimeField(db_default=Now(), editable=False)
    accepted = models.DateTimeField(
        null=True, editable=False, help_text="Before that it is an invitation, and gives nothing"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "tenant"], name="finley_membership_once"),
            models.CheckConstraint(
                condition=~Q(member=models.F("tenant")),
                name="finley_membership_of_another",
                violation_error_message="A user owns its own data already.",
            ),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="finley_membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} is {self.role} of {self.tenant}"


class SecondFactor(models.Model):
    """A person's second factor at sign-in: an authenticator app, and codes for when it is lost.

    It counts from `confirmed_at` on, when the person has shown a code of the app.
    """

    person = models.OneToOneField(User, models.CASCADE, related_name="second_factor")
    secret = models.TextField(help_text="encrypted")
    created = models.DateTimeField(db_default=Now(), editable=False)
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(
        db_default=0, help_text="The time step of the last code; earlier codes are refused"
    )
    recovery = ArrayField(
        models.CharField(max_length=64), default=list, help_text="SHA-256 of each unused code"
    )

    def __str__(self) -> str:
        return f"second factor of {self.person}"


class Erasure(models.Model):
    """An erasure that a tenant's owner requested: waiting until `erase_at`, then begun, then ended.

    It has no column `user_id`, so that erasing the tenant's rows does not delete it. Once it has
    ended, only the encrypted certificate names the tenant.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField(null=True, unique=True)
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the secret in the certificate's address"
    )
    legal_hold = models.TextField(blank=True, db_default="")
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    erase_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    certificate = models.TextField(blank=True, db_default="", help_text="encrypted JSON")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, tenant_id__isnull=False)
                | Q(ended_at__isnull=False, tenant_id__isnull=True, legal_hold=""),
                name="finley_erasure_forgets_the_tenant",
            )
        ]

    def __str__(self) -> str:
        return f"erasure {self.pk}"


def usual_scopes() -> list[str]:
    """The scopes that a token for a tenant gets by default; a token of staff also gets `admin`."""
    return [READ, SYNC]


class ApiToken(AbstractAuthToken):  # type: ignore[misc]
    """A named token. Only its digest is stored, so it can only be shown when it is created."""

    name = models.CharField(max_length=100, blank=True)
    scopes = ArrayField(
        models.TextField(choices=[(scope, scope) for scope in SCOPES]),
        default=usual_scopes,
        help_text="read: ask; sync: ask for syncs, change connections; admin: staff's work",
    )

    class Meta:
        verbose_name = "API token"
        constraints = [
            models.CheckConstraint(
                condition=Q(scopes__contained_by=list(SCOPES)) & ~Q(scopes=[]),
                name="finley_apitoken_scopes_known",
                violation_error_message="Choose at least one scope.",
            )
        ]

    called: ClassVar[str] = "This token"

    def __str__(self) -> str:
        return f"{self.name or 'token'} ({self.token_key}…)"
