"""Pages for signing in and out, for the session's tenant, and for the members of one's own tenant.

They run as the owner (finley.server.middleware), because they read users, and no tenant's rows.
"""

import logging
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, PasswordResetView
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST

from finley.auth import client_address, failed_attempts, members, second_factor, tokens
from finley.models import Role
from finley.web import since_last_visit
from finley.web.access import SESSION_RESUME, PageRequest, page, require_same_tenant
from finley.web.template_context import layout
from graph.errors import QuestionError

log = logging.getLogger("finley.audit")
MAILS = 3  # mails to one e-mail address, until 15 minutes without one have passed
MAILS_OF_ADDRESS = 20  # mails requested from one client address, to any e-mail address


class SignIn(LoginView):
    """Django's sign-in page. The user's name is an e-mail address."""

    template_name = "web/sign_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        last_login = form.get_user().last_login
        response = super().form_valid(form)
        since_last_visit.remember(self.request, last_login)
        return response


class ForgottenPassword(PasswordResetView):
    """Django's page for a new password. It exists only if a mail server is configured."""

    template_name = "web/password_forgotten.html"
    email_template_name = "web/password_mail.txt"
    subject_template_name = "web/password_mail_subject.txt"
    success_url = reverse_lazy("password-sent")

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        if not layout(request)["sends_mail"]:
            raise Http404("finley cannot send mail here. Ask its administrator for a new password.")
        return super().dispatch(request, *args, **options)

    def form_valid(self, form: Any) -> HttpResponse:
        """Send the mail, unless the limit is reached. The page says the same in both cases, so that
        nobody learns which addresses exist."""
        address = client_address.of_meta(self.request.META)
        keys = {
            failed_attempts.key("reset", form.cleaned_data["email"].lower()): MAILS,
            failed_attempts.key("reset-at", address): MAILS_OF_ADDRESS,
        }
        if any(failed_attempts.limit_reached(key, most) for key, most in keys.items()):
            log.warning("no mail about a password: too many requests from %s", address)
            return HttpResponseRedirect(self.get_success_url())
        for key in keys:
            failed_attempts.count(key)
        return super().form_valid(form)


class MemberForm(forms.Form):
    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(choices=Role.choices, label="Role")


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100, label="What it is for")
    scopes = forms.ChoiceField(
        choices=[("read", "reads"), ("read,sync", "reads, decides, imports")], label="It may"
    )


@page()
def account(request: PageRequest) -> HttpResponse:
    """The account page: the signed-in person, the tenants that the person may see, the members of
    the session's tenant, and the person's own tokens."""
    return _account(request)


def _account(request: PageRequest, **more: Any) -> HttpResponse:
    person, access = request.access.person, request.access
    context = {
        "current": access,
        "choices": members.tenants_of(person),
        "invitations": members.invitations(person),
        "members": members.members(access.tenant_id) if access.owns else [],
        "tokens": tokens.listed(person),
        "has_second_factor": second_factor.is_on(person),
        "form": MemberForm(),
        "token_form": TokenForm(),
    }
    return render(request, "web/account.html", {**context, **more})


@require_POST
@page()
def switch(request: PageRequest) -> HttpResponse:
    """Read another tenant's data from now on. A tenant that the person may not see gives a 403."""
    wanted = request.POST.get("tenant", "")
    choices = members.tenants_of(request.access.person)
    if wanted not in {str(each.tenant_id) for each in choices}:
        raise PermissionDenied("You are not a member of this tenant.")
    request.session[members.SESSION_TENANT] = wanted
    return redirect("overview")


@require_POST
@page(Role.OWNER)
def invite(request: PageRequest) -> HttpResponse:
    """Invite a user to see the tenant's data, or change a member's role."""
    require_same_tenant(request)
    form = MemberForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Enter an e-mail address and choose a role.")
        return redirect("account")
    email, role = form.cleaned_data["email"], form.cleaned_data["role"]
    try:
        row = members.invite(request.access.tenant_id, email, role)
    except QuestionError as error:
        messages.error(request, str(error))
        return redirect("account")
    state = "is" if row.accepted else "is invited as"
    messages.success(request, f"{row.member} {state} {row.role} now.")
    return redirect("account")


@require_POST
@page(Role.OWNER)
def remove(request: PageRequest, member: int) -> HttpResponse:
    """End the membership with this id in the session's tenant, and show the account page again."""
    members.remove(request.access.tenant_id, member)
    messages.success(request, "The member was removed.")
    return redirect("account")


@require_POST
@page()
def answer_invitation(request: PageRequest, member: int) -> HttpResponse:
    """Accept an invitation, or decline it."""
    if request.POST.get("answer") == "accept":
        row = members.accept(request.access.person, member)
        messages.success(request, f"You may look at the data of {row.tenant} now: choose it here.")
    else:
        members.leave(request.access.person, member)
        messages.success(request, "The invitation is declined.")
    return redirect("account")


@require_POST
@page()
def make_token(request: PageRequest) -> HttpResponse:
    """Make a token for the person's own data. Only this page shows it."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Enter what the token is for.")
        return redirect("account")
    scopes = form.cleaned_data["scopes"].split(",")
    _, token = tokens.make(request.access.person, form.cleaned_data["name"], scopes)
    return _account(request, new_token=token)


@require_POST
@page()
def revoke_token(request: PageRequest, token_key: str) -> HttpResponse:
    """Revoke the person's token with these first letters, and show the account page again."""
    tokens.revoke(request.access.person, token_key)
    messages.success(request, "The token is revoked.")
    return redirect("account")


@login_required
def resume(request: HttpRequest) -> HttpResponse:
    """Show a form again that was sent after its session had ended, so that the person can send it.
    It is shown once."""
    kept = request.session.pop(SESSION_RESUME, None)
    if kept is None:
        return HttpResponseRedirect(reverse_lazy("overview"))
    return render(request, "web/resume.html", kept)
