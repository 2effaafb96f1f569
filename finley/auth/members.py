"""Which tenants' data a person may see, in which role, and which persons may see a tenant's data.

Users and memberships are the owner's rows, so everything here runs as the owner.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from finley.models import Membership, Role, User
from graph.database.role import as_owner
from graph.errors import NotFound, QuestionError

SESSION_TENANT = "tenant"
NO_LONGER = "You may no longer see the data that you had chosen."


@dataclass(frozen=True, slots=True)
class Access:
    """A signed-in person, and the tenant whose data the session reads.

    `fell_back` means that the session chose another tenant whose data the person may no longer see.
    """

    person: User
    tenant_id: UUID
    tenant: str
    role: Role
    fell_back: bool = False

    @property
    def reviews(self) -> bool:
        return self.role.includes(Role.REVIEWER)

    @property
    def owns(self) -> bool:
        return self.role.includes(Role.OWNER)


def access(person: User, session: Mapping[str, Any]) -> Access:
    """The tenant that the person's session has chosen, if the person may still see it; otherwise
    the person's own tenant.

    A membership alone never changes which tenant's books a session shows: the person has to choose.
    """
    choices = tenants_of(person)
    wanted = session.get(SESSION_TENANT)
    chosen = next((each for each in choices if str(each.tenant_id) == wanted), None)
    return chosen or replace(choices[-1], fell_back=wanted is not None)


def tenants_of(person: User) -> list[Access]:
    """The tenants whose data the person may see: the oldest membership first, the person's own
    tenant last."""
    with as_owner():
        accepted = list(_of_person(person).filter(accepted__isnull=False))
    others = [
        Access(person, each.tenant_id, each.tenant.email, Role(each.role)) for each in accepted
    ]
    return [*others, Access(person, person.pk, person.email, Role.OWNER)]


def invitations(person: User) -> list[Membership]:
    """The person's invitations that are not accepted, the oldest first, with their tenants."""
    with as_owner():
        return list(_of_person(person).filter(accepted__isnull=True))


def accept(person: User, membership: int) -> Membership:
    """Accept the invitation with this id: the person may see the tenant's data from now on. Raises
    NotFound."""
    with as_owner():
        mine = Membership.objects.filter(member=person, pk=membership)
        if not mine.update(accepted=Coalesce("accepted", Now())):
            raise NotFound("You have no such invitation.", "id")
        return mine.select_related("tenant").get()


def leave(person: User, membership: int) -> None:
    """Decline the invitation with this id, or give up the membership. Raises NotFound."""
    with as_owner():
        if not Membership.objects.filter(member=person, pk=membership).delete()[0]:
            raise NotFound("You have no such invitation.", "id")


def members(tenant_id: UUID) -> list[Membership]:
    """The memberships and invitations of the tenant, the oldest first."""
    with as_owner():
        mine = Membership.objects.filter(tenant_id=tenant_id).select_related("member")
        return list(mine.order_by("created", "id"))


def emails(tenant_id: UUID) -> list[str]:
    """The email addresses of all who may sign in to the tenant's books, by the alphabet: the tenant
    itself, and its members who accepted their invitation."""
    with as_owner():
        of_members = Membership.objects.filter(tenant_id=tenant_id, accepted__isnull=False)
        people = User.objects.filter(Q(pk=tenant_id) | Q(pk__in=of_members.values("member")))
        return sorted(people.values_list("email", flat=True))


def invite(tenant_id: UUID, email: str, role: str) -> Membership:
    """Invite the user with this e-mail address to see the tenant's data, or change the role of a
    member. Return the membership.

    An invitation has no effect until the invited person accepts it. Raises QuestionError if no
    other user has the address.
    """
    with as_owner():
        member = User.objects.filter(email__iexact=email, is_active=True).first()
        if member is None or member.pk == tenant_id:
            raise QuestionError(f"No other user has the address {email}.", "email")
        membership, _ = Membership.objects.update_or_create(
            member=member, tenant_id=tenant_id, defaults={"role": role}
        )
        return Membership.objects.select_related("member").get(pk=membership.pk)


def remove(tenant_id: UUID, membership: int) -> None:
    """End the membership with this id: the member may no longer see the tenant's data. Raises
    NotFound."""
    with as_owner():
        if not Membership.objects.filter(tenant_id=tenant_id, pk=membership).delete()[0]:
            raise NotFound("You have no such member.", "id")


def _of_person(person: User) -> Any:
    mine = Membership.objects.filter(member=person, tenant__is_active=True)
    return mine.select_related("tenant").order_by("created", "id")
