"""Actions on failures and their buttons, defined once for the list, a failure's page and the
groups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.urls import reverse

from syncjobs.admin import forms
from syncjobs.failures import replay, settle
from syncjobs.failures.outcomes import Verdict
from syncjobs.failures.settle import FROM
from syncjobs.models import JobFailure
from syncjobs.models.choices import FailureStatus

Plan = Callable[[Sequence[UUID]], list[Verdict]]
Done = tuple[int, list[Verdict]]


@dataclass(frozen=True, slots=True)
class Action:
    """An action that a person may do to failures, such as replaying or resolving them.

    `may` is the required permission: "replay" or "settle". `done` is the text that follows the
    number of changed failures in a message.
    """

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
        self, ids: Sequence[UUID], by: AbstractBaseUser, arguments: Mapping[str, Any]
    ) -> Done:
        """Do the action to the failures with these ids, in the name of the user `by`. `arguments`
        are the form's values.

        Returns the number of changed failures, and a verdict with the reason for each skipped one.
        Raises RequestError.
        """
        outcome = self.do(ids, by=by, **arguments)
        return len(outcome.started if self.name == "replay" else outcome.changed), outcome.skipped


def _settles(status: FailureStatus, do: Callable[..., Any], **attributes: Any) -> Action:
    return Action(
        may="settle",
        from_states=FROM[status],
        plan=partial(settle.plan, status=status),
        do=do,
        **attributes,
    )


ACTIONS = {
    action.name: action
    for action in (
        Action(
            name="replay",
            title="Replay",
            may="replay",
            done="replayed",
            meaning="Each is requested again, as a new run that is linked to it.",
            from_states=replay.REPLAYABLE,
            form=forms.ReplayForm,
            plan=replay.plan,
            do=replay.replay,
        ),
        _settles(
            FailureStatus.RESOLVED,
            settle.resolve,
            name="resolve",
            title="Resolve",
            done="resolved",
            meaning="They are dealt with. A new failure like them is open again.",
            form=forms.NoteForm,
        ),
        _settles(
            FailureStatus.IGNORED,
            settle.ignore,
            name="ignore",
            title="Ignore",
            done="ignored",
            meaning="They are known. A new failure like them on the same connection is ignored.",
            form=forms.NoteForm,
        ),
        _settles(
            FailureStatus.DISCARDED,
            settle.discard,
            name="discard",
            title="Discard",
            done="discarded",
            meaning="They are given up, for a reason that is stored with them.",
            form=forms.ReasonForm,
        ),
        _settles(
            FailureStatus.OPEN,
            settle.reopen,
            name="reopen",
            title="Reopen",
            done="reopened",
            meaning="They are open again.",
            form=forms.Plain,
        ),
    )
}


def allowed(user: PermissionsMixin | AnonymousUser) -> list[Action]:
    """The actions that this person may do, in the order of the buttons."""
    return [action for action in ACTIONS.values() if action.allowed_to(user)]


def buttons(
    user: PermissionsMixin | AnonymousUser, failure: JobFailure, back: str
) -> list[tuple[Action, str]]:
    """The buttons of the failure's page: each action that this person may do and that would succeed
    now, with its URL. `back` is the page to return to."""
    (verdict,) = replay.plan([failure.pk])
    fitting = [action for action in allowed(user) if action.fits(failure)]
    return [
        (action, address_of(action, ids=str(failure.pk), back=back))
        for action in fitting
        if action.name != "replay" or verdict.eligible
    ]


def address_of(action: Action, **query: str) -> str:
    """The URL of the action's confirmation page, with these parameters."""
    return f"{reverse('admin:syncjobs_jobfailure_act', args=[action.name])}?{urlencode(query)}"
