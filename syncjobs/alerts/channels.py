"""Sends one message: by a signed webhook, by mail, or to a chat through apprise."""

import asyncio
import importlib
import json
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cache

import httpx
from django.conf import settings
from django.core.mail import EmailMessage

from syncjobs.alerts import address_guard, endpoints, sealed_secrets, signatures
from syncjobs.alerts.address_guard import Target
from syncjobs.alerts.delivery_state import Sent
from syncjobs.errors import AddressRefused, SecretUnreadable, SyncError
from syncjobs.http_errors import retry_after
from syncjobs.models import Delivery, DeliveryEndpoint
from syncjobs.models.choices import Channel

AGENT = "finley-webhooks/1"
GONE = 410
NO_SERVER = "No mail server is set: FINLEY_EMAIL_HOST."
NO_APPRISE = "Chats need apprise: pip install 'finley[chat]'."
Send = Callable[[DeliveryEndpoint, Delivery], Awaitable[None]]


class Undeliverable(SyncError):
    """Raised if the endpoint did not take the message.

    `status` is the HTTP status of its answer, 0 if it gave none. `after` is the wait in seconds
    that the endpoint asked for.
    """

    def __init__(self, message: str, *, status: int = 0, after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.after = after


class NotSetUp(SyncError):
    """Raised if this installation lacks a mail server, or a package, that the channel needs."""


def message_id(message: Delivery) -> str:
    """The message's id for the receiver. It is the same when the message is sent again."""
    return f"msg_{message.pk.hex}"


async def send(endpoint: DeliveryEndpoint, message: Delivery) -> Sent:
    """Try once to deliver the message, for at most DELIVERIES["timeout"] seconds. Return the
    result; a failure is part of the result and is not raised."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(settings.DELIVERIES["timeout"]):
            await _BY_CHANNEL[Channel(endpoint.channel)](endpoint, message)
    except Exception as error:  # noqa: BLE001 - whatever fails is this message's failure alone
        return _failed(message, time.monotonic() - began, error)
    return Sent(message, time.monotonic() - began)


def _failed(message: Delivery, seconds: float, error: Exception) -> Sent:
    status = getattr(error, "status", 0)
    return Sent(
        message,
        seconds,
        error=_sentence(error),
        error_class=type(error).__name__,
        is_permanent=status == GONE
        or isinstance(error, AddressRefused | SecretUnreadable | NotSetUp),
        is_gone=status == GONE,
        after=getattr(error, "after", None),
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"No answer within {settings.DELIVERIES['timeout']:g} s."
    if isinstance(error, SyncError):
        return str(error)
    return f"{type(error).__name__}: {error}"


async def _by_webhook(endpoint: DeliveryEndpoint, message: Delivery) -> None:
    """Post the signed message to the endpoint's address.

    Raises AddressRefused, HostUnknown, SecretUnreadable, Undeliverable, httpx.HTTPError.
    """
    target = await address_guard.checked(endpoint.address, user_id=endpoint.user_id)
    body = message.body.encode()
    keys = endpoints.signing_keys(endpoint)
    headers = {
        "Host": target.host,
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        **signatures.headers(message_id(message), int(time.time()), body, keys),
    }
    status, answered = await _posted(target, body, headers)
    if not 200 <= status < 300:
        redirect = " It is a redirect, which is not followed." if 300 <= status < 400 else ""
        raise Undeliverable(
            f"The endpoint answered {status}.{redirect}",
            status=status,
            after=retry_after(answered.get("retry-after")) if status in {429, 503} else None,
        )


async def _posted(
    target: Target, body: bytes, headers: dict[str, str]
) -> tuple[int, Mapping[str, str]]:
    """Post the body and return the response's status and headers, without reading its body. No
    proxy is used, because it would resolve the host again."""
    extensions = {"sni_hostname": target.name} if target.is_encrypted else {}
    async with (
        httpx.AsyncClient(verify=_trust(), trust_env=False, follow_redirects=False) as client,
        client.stream(
            "POST",
            target.url,
            content=body,
            headers=headers,
            extensions=extensions,
            timeout=settings.DELIVERIES["timeout"],
        ) as answer,
    ):
        return answer.status_code, answer.headers


@cache
def _trust() -> ssl.SSLContext:
    """The TLS settings for requests. They are made once, because reading the certificates takes
    longer than a request."""
    return httpx.create_ssl_context()


async def _by_mail(endpoint: DeliveryEndpoint, message: Delivery) -> None:
    """Send the message by mail. Raises NotSetUp, OSError, smtplib.SMTPException."""
    if not settings.EMAIL_HOST_NAME:
        raise NotSetUp(NO_SERVER)
    mail = EmailMessage(
        subject=" ".join(message.title.split()),
        body=text_of(message),
        to=[endpoint.address],
        headers={"Message-ID": f"<{message_id(message)}@finley>"},
    )
    await asyncio.to_thread(mail.send)


async def _to_chat(endpoint: DeliveryEndpoint, message: Delivery) -> None:
    """Send the message to a chat. Raises NotSetUp, SecretUnreadable, Undeliverable."""
    try:
        apprise = importlib.import_module("apprise")
    except ModuleNotFoundError:
        raise NotSetUp(NO_APPRISE) from None
    chat = apprise.Apprise()
    if not chat.add(sealed_secrets.unseal(endpoint.secret)):
        raise NotSetUp("apprise does not know this kind of address.")
    if not await chat.async_notify(title=message.title, body=text_of(message)):
        raise Undeliverable("The chat did not take the message.")


def text_of(message: Delivery) -> str:
    """The message as plain text for people: its title, an empty line, then a line `name: value` for
    each value of its data."""
    data = json.loads(message.body)["data"]
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in data.items() if value != ""]
    return "\n".join([message.title, "", *lines, ""])


_BY_CHANNEL: dict[Channel, Send] = {
    Channel.WEBHOOK: _by_webhook,
    Channel.EMAIL: _by_mail,
    Channel.CHAT: _to_chat,
}
__all__ = ["NotSetUp", "Undeliverable", "message_id", "send", "text_of"]
