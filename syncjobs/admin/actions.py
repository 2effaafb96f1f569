"""What can be done to failures, once; the list, a failure's page and the groups all offer these."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin

from syncjobs.admin import forms
from syncjobs.failures import replaying, settling
from syncjobs.failures.outcomes import Verdict
from syncjobs.failures.settling import FROM
from syncjobs.models import JobFailure
from syncjobs.models.choices import FailureStatus

Plan = Callable[[Sequence[UUID]], list[Verdict]]
Done = tuple[int, list[Verdict]]


@dataclass(frozen=True, slots=True)
class Deed:
    """`may` is "replay" or "settle": the permission it takes. `done` follows a number."""

    name: str
    title: str
    may: str
    done: str
    meaning: str
    from_states: tuple[FailureStatus, ...]
    form: type[forms.Plain]
    plan: Plan
    do: Callable[..., Any]

    def allowed_to(self, user: PermissionsMixin | AnonymousUser) -> bool:
        return user.has_perm(f"syncjobs.{self.may}_jobfailure")

    def fits(self, failure: JobFailure) -> bool:
        return failure.status in self.from_states

    def carry_out(
        self, ids: Sequence[UUID], by: AbstractBaseUser, given: Mapping[str, Any]
    ) -> Done:
        """How many it was done to, and the others. Raises RequestError."""
        done = self.do(ids, by=by, **given)
        return len(done.started if self.name == "replay" else done.changed), done.skipped


def _settles(wanted: FailureStatus, do: Callable[..., Any], **said: Any) -> Deed:
    return Deed(
        may="settle",
        from_states=FROM[wanted],
        plan=partial(settling.plan, wanted=wanted),
        do=do,
        **said,
    )


DEEDS = {
    deed.name: deed
    for deed in (
        Deed(
            name="replay",
            title="Replay",
            may="replay",
            done="replayed",
            meaning="Each is asked for once more, as a new run that is linked to it.",
            from_states=replaying.REPLAYABLE,
            form=forms.ReplayForm,
            plan=replaying.plan,
            do=replaying.replay,
        ),
        _settles(
            FailureStatus.RESOLVED,
            settling.resolve,
            name="resolve",
            title="Resolve",
            done="resolved",
            meaning="They are dealt with. The next of their like is open again.",
            form=forms.NoteForm,
        ),
        _settles(
            FailureStatus.IGNORED,
            settling.ignore,
            name="ignore",
            title="Ignore",
            done="ignored",
            meaning="They are known. The next of their like on the same connection is ignored too.",
            form=forms.NoteForm,
        ),
        _settles(
            FailureStatus.DISCARDED,
            settling.discard,
            name="discard",
            title="Discard",
            done="discarded",
            meaning="They are given up, for a reason that stays with them.",
            form=forms.ReasonForm,
        ),
        _settles(
            FailureStatus.OPEN,
            settling.reopen,
            name="reopen",
            title="Reopen",
            done="reopened",
            meaning="They wait for somebody again.",
            form=forms.Plain,
        ),
    )
}


def allowed(user: PermissionsMixin | AnonymousUser) -> list[Deed]:
    """What this person may do, in the order of the buttons."""
    return [deed for deed in DEEDS.values() if deed.allowed_to(user)]
