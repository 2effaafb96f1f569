"""Signing in and out, the tenant that a session reads, and who else may read one's own.

These pages run as the owner (finley.server.middleware): they read users, and no tenant's rows.
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

from finley.auth import attempts, client_address
from finley.models import Membership, Role, User
from finley.web import access
from finley.web.context import layout

log = logging.getLogger("finley.audit")
MAILS = 3  # to one e-mail address, until 15 minutes without one have passed
MAILS_OF_ADDRESS = 20  # … from one client's address, to whomever


class SignIn(LoginView):
    """Django's, where a user's name is an e-mail address."""

    template_name = "web/sign_in.html"
    redirect_authenticated_user = True


class ForgottenPassword(PasswordResetView):
    """Django's. Without a mail server there is no such page."""

    template_name = "web/password_forgotten.html"
    email_template_name = "web/password_mail.txt"
    subject_template_name = "web/password_mail_subject.txt"
    success_url = reverse_lazy("password-sent")

    def dispatch(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        if not layout(request)["sends_mail"]:
            raise Http404("finley sends no mail here: ask who runs it for a new password.")
        return super().dispatch(request, *args, **options)

    def form_valid(self, form: Any) -> HttpResponse:
        """Too many mails are not sent, and the page says the same: nobody learns who has one."""
        address = client_address.of_meta(self.request.META)
        keys = {
            attempts.key("reset", form.cleaned_data["email"].lower()): MAILS,
            attempts.key("reset-at", address): MAILS_OF_ADDRESS,
        }
        if any(attempts.used_up(key, most) for key, most in keys.items()):
            log.warning("no mail about a password: too many were asked for from %s", address)
            return HttpResponseRedirect(self.get_success_url())
        for key in keys:
            attempts.count(key)
        return super().form_valid(form)


class MemberForm(forms.Form):
    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(choices=Role.choices, label="Role")


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Who is signed in, whose data it may see, and who may see its own."""
    person = _person(request)
    return render(
        request,
        "web/account.html",
        {
            "current": access.current(request),
            "choices": access.tenants_of(person),
            "members": Membership.objects.filter(tenant=person).select_related("member"),
            "form": MemberForm(),
        },
    )


@login_required
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Read another tenant's data from now on. One that the person may not see is a 403."""
    tenant_id = request.POST.get("tenant", "")
    if tenant_id not in {str(choice.tenant_id) for choice in access.tenants_of(_person(request))}:
        raise PermissionDenied("You are no member of this tenant.")
    request.session[access.SESSION_TENANT] = tenant_id
    return redirect("overview")


@login_required
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    """Let a user see one's own data, or change the role of one who does."""
    form = MemberForm(request.POST)
    person = _person(request)
    if not form.is_valid():
        messages.error(request, "Say an e-mail address and a role.")
        return redirect("account")
    member = User.objects.filter(email__iexact=form.cleaned_data["email"]).first()
    if member is None or member == person:
        messages.error(request, f"There is no other user {form.cleaned_data['email']}.")
        return redirect("account")
    Membership.objects.update_or_create(
        member=member, tenant=person, defaults={"role": form.cleaned_data["role"]}
    )
    messages.success(request, f"{member} is {form.cleaned_data['role']} now.")
    return redirect("account")


@login_required
@require_POST
def remove(request: HttpRequest, member: int) -> HttpResponse:
    """Let a user see one's own data no more."""
    Membership.objects.filter(pk=member, tenant=_person(request)).delete()
    messages.success(request, "The member was removed.")
    return redirect("account")


@login_required
def resume(request: HttpRequest) -> HttpResponse:
    """A form that was sent after its session had ended: shown, to be sent now. It is shown once."""
    form = request.session.pop(access.SESSION_RESUME, None)
    if form is None:
        return HttpResponseRedirect(reverse_lazy("overview"))
    return render(request, "web/resume.html", form)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - login_required
    return request.user
