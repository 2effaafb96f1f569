"""Pages of the second factor: enter a code after the password, set it up, turn it off."""

import logging
from typing import Any

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from finley.auth import second_factor, totp
from finley.models import User
from finley.web.access import PageRequest, page
from graph.errors import QuestionError, TooMany

log = logging.getLogger(__name__)


@never_cache
@login_required
def enter(request: HttpRequest) -> HttpResponse:
    """The page that asks for a code of the app, or a recovery code. After a right code it leads to
    the page that the person wanted."""
    person = _person(request)
    error = ""
    if second_factor.lacking(person, request.session) != second_factor.NEEDED:
        return redirect(_following(request))
    if request.method == "POST":
        try:
            second_factor.check(person, request.POST.get("code", ""), request.session)
        except (QuestionError, TooMany) as refused:
            error = str(refused)
        else:
            request.session.cycle_key()
            return redirect(_following(request))
    context = {"error": error, "next": _following(request)}
    return render(request, "web/second_factor.html", context)


@never_cache
@login_required
def set_up(request: HttpRequest) -> HttpResponse:
    """The page that shows the secret for the app. It turns the second factor on if the person
    enters the password and the app's first code. Each time it is opened it shows a new secret."""
    person = _person(request)
    if second_factor.is_on(person):
        return render(request, "web/second_factor_on.html", {"person": person})
    error, secret = "", ""
    if request.method == "POST":
        try:
            password, code = (request.POST.get(name, "") for name in ("password", "code"))
            codes = second_factor.confirm(person, password, code, request.session)
        except (QuestionError, TooMany) as refused:
            error = str(refused)
            if isinstance(refused, QuestionError) and refused.field == "code":
                secret = second_factor.unconfirmed_secret(person)  # the password was right
        else:
            request.session.cycle_key()
            return render(request, "web/second_factor_on.html", {"codes": codes})
    secret = secret or second_factor.begin(person)
    address = totp.address(secret, person.email)
    context = {"error": error, "secret": secret, "address": address, "picture": _picture(address)}
    return render(request, "web/second_factor_set_up.html", context)


@require_POST
@page()
def new_codes(request: PageRequest) -> HttpResponse:
    """Make new recovery codes and show them, if the person enters a code of the app. The former
    ones do not work any more."""
    codes = second_factor.replace_recovery_codes(
        request.access.person, request.POST.get("code", "")
    )
    return render(request, "web/second_factor_on.html", {"codes": codes})


@require_POST
@page()
def turn_off(request: PageRequest) -> HttpResponse:
    """Turn the second factor off, if the person enters a code of the app or a recovery code."""
    second_factor.turn_off(request.access.person, request.POST.get("code", ""))
    messages.success(request, "The second factor is off.")
    return redirect("account")


def _person(request: HttpRequest) -> User:
    person: Any = request.user
    assert isinstance(person, User)  # noqa: S101 - login_required has seen to it
    return person


def _following(request: HttpRequest) -> str:
    """The path of the page that the person wanted, if it is one of finley's; else that of the first
    page."""
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else resolve_url("overview")


def _picture(address: str) -> str:
    """Return a QR code of the address, as a `data:` URL of an SVG image; "" if the library that
    draws it is missing, because the key can be typed, too."""
    try:
        import segno  # noqa: PLC0415  needed on this page only
    except ImportError:
        log.warning("segno is not installed: the second factor's key is shown without a picture")
        return ""
    code = segno.make_qr(address, error="m")
    return str(code.svg_data_uri(scale=4, border=4, light="#fff"))
