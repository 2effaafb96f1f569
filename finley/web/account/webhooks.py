"""The page of an owner's webhooks: create them, test them, see what was sent, send it again."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from finley.models import Role
from finley.web.access import PageRequest, page, require_same_tenant
from graph.errors import DecidedMeanwhile, TooMany
from syncjobs.errors import EndpointRefused
from syncjobs.events import subscriptions
from syncjobs.events.event_types import EVENT_TYPES
from syncjobs.models.choices import DeliveryState

SHOWN = 50  # messages of a webhook


class WebhookForm(forms.Form):
    name = forms.CharField(max_length=100, label="What it is for")
    address = forms.CharField(max_length=2000, label="The receiver's https address")
    events = forms.MultipleChoiceField(
        choices=[(event.name, event.meaning) for event in EVENT_TYPES], label="It gets"
    )


@page(Role.OWNER)
def webhooks(request: PageRequest) -> HttpResponse:
    """The page with the tenant's webhooks and the form for a new one."""
    return _shown(request, WebhookForm())


def _shown(request: PageRequest, form: WebhookForm, **more: Any) -> HttpResponse:
    rows = subscriptions.listed(request.access.tenant_id)
    status = 400 if form.errors else 200
    context = {"webhooks": rows, "form": form, "most": subscriptions.MOST, **more}
    return render(request, "web/webhooks.html", context, status=status)


@require_POST
@page(Role.OWNER)
def create(request: PageRequest) -> HttpResponse:
    """Create a webhook. Only this response shows its secret."""
    require_same_tenant(request, must_name=True)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            row, secret = subscriptions.create(request.access.tenant_id, **form.cleaned_data)
        except TooMany as error:
            form.add_error(None, str(error))
        except EndpointRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return _shown(request, WebhookForm(), new=row, secret=secret)
    return _shown(request, form)


@page(Role.OWNER)
def webhook(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """The page of one webhook: the newest messages that it was sent, or will be."""
    tenant = request.access.tenant_id
    sent = subscriptions.sent(tenant, subscription_id, limit=SHOWN)
    (row,) = (row for row in subscriptions.listed(tenant) if row.pk == subscription_id)
    context = {"webhook": row, "sent": sent, "waiting": DeliveryState.WAITING, "shown": SHOWN}
    return render(request, "web/webhook.html", context)


@require_POST
@page(Role.OWNER)
def test(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """Send a test message."""
    require_same_tenant(request, must_name=True)
    subscriptions.test(request.access.tenant_id, subscription_id)
    messages.success(request, "A test message is on its way. Load this page again in a moment.")
    return redirect("webhook", subscription_id)


@require_POST
@page(Role.OWNER)
def send_again(request: PageRequest, message_id: UUID) -> HttpResponse:
    """Send a message again, under its id."""
    require_same_tenant(request, must_name=True)
    try:
        message = subscriptions.again(request.access.tenant_id, message_id)
    except DecidedMeanwhile as error:
        messages.error(request, str(error))
        return redirect("webhooks")
    messages.success(request, f"“{message.title}” is sent again.")
    return redirect("webhook", message.endpoint_id)


@require_POST
@page(Role.OWNER)
def remove(request: PageRequest, subscription_id: UUID) -> HttpResponse:
    """Delete a webhook and the log of its messages."""
    require_same_tenant(request, must_name=True)
    subscriptions.remove(request.access.tenant_id, subscription_id)
    messages.success(request, "The webhook is deleted. Nothing more is sent to it.")
    return redirect("webhooks")
