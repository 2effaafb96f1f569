"""Simulates Nango: its proxy in front of the providers' APIs, with an endpoint that controls the
sandbox."""

from dataclasses import dataclass, field
from itertools import count
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from syncjobs.sandbox import dropbox, gdrive, gmail, zoho_mail
from syncjobs.sandbox.account_contents import Account
from syncjobs.sandbox.fault_script import Script, happen, kills, look, scripted, spoilt
from syncjobs.sandbox.http_messages import Answer, Request, of_json, of_nango

PROVIDERS: dict[str, ModuleType] = {
    "gmail": gmail,
    "dropbox": dropbox,
    "gdrive": gdrive,
    "zoho_mail": zoho_mail,
}
MAIL = {"gmail", "zoho_mail"}
SIZE = 12  # messages or files of a new connection
STATES = {"alive", "dead", "missing"}


@dataclass
class Connection:
    """A connection of the sandbox: its provider, its account and its faults.

    `requests` counts the requests that came through the proxy, and `behaved` the faults that its
    script caused. `end_user` is its owner in Nango's data.
    """

    provider: str
    account: Account
    script: Script = field(default_factory=lambda: Script([]))
    state: str = "alive"
    requests: int = 0
    behaved: int = 0
    end_user: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class World:
    """All connections of the sandbox. Answers every request. `secret` is the only key that Nango
    accepts."""

    def __init__(self, seed: int = 7, secret: str = "sandbox") -> None:  # noqa: S107
        self.seed = seed
        self.secret = secret
        self.connections: dict[str, Connection] = {}
        self._nonces = count(1)
        for provider in PROVIDERS:
            self.connect(f"{provider}-demo", {"provider": provider})

    def answer(self, request: Request) -> Answer:
        match request.path.split("/", 1):
            case ["sandbox", *rest]:
                return self._control(request, rest[0] if rest else "")
            case ["proxy", rest]:
                return self._proxied(request.at(rest))
            case ["connections", key]:
                return self._account_state(request, unquote(key))
        return of_nango(404, "not_found", "No such endpoint")

    def connect(self, key: str, description: dict[str, Any]) -> Connection:
        """Create the connection `key` at `description["provider"]` with `description["size"]`
        things (SIZE by default). Raises ValueError or KeyError for an invalid description."""
        provider = description["provider"]
        if provider not in PROVIDERS:
            raise ValueError(f"no such provider: {provider!r}")
        seed = f"{description.get('seed', self.seed)} {key}"
        account = Account(seed, provider in MAIL, int(description.get("drives", 0)))
        account.add(int(description.get("size", SIZE)))
        self.connections[key] = Connection(provider, account)
        return self.connections[key]

    def _allowed(self, request: Request) -> Answer | None:
        if request.headers.get("authorization") != f"Bearer {self.secret}":
            return of_nango(401, "unauthorized", "Unknown secret key")
        return None

    def _account_state(self, request: Request, key: str) -> Answer:
        if refused := self._allowed(request):
            return refused
        integration = request.query.get("provider_config_key")
        if integration is not None and integration not in PROVIDERS:
            return of_nango(400, "unknown_provider_config", "Provider does not exist")
        connection = self.connections.get(key)
        if connection is None or connection.state == "missing":
            return of_nango(404, "not_found", "Failed to find connection")
        if integration not in {None, connection.provider}:
            return of_nango(404, "not_found", "Failed to find connection")
        if connection.state == "dead":
            return of_nango(424, "invalid_credentials", "The refresh limit has been reached")
        return of_json(_facts(key, connection))

    def _proxied(self, request: Request) -> Answer:
        if refused := self._allowed(request):
            return refused
        integration = request.headers.get("provider-config-key")
        key = request.headers.get("connection-id")
        if not integration or not key:
            return of_nango(400, "invalid_headers", "", errors=[{"message": "missing header"}])
        if integration not in PROVIDERS:
            return of_nango(404, "unknown_provider_config", "Provider does not exist")
        connection = self.connections.get(key)
        if connection is None or connection.provider != integration:
            return of_nango(400, "server_error", "Failed to get connection")
        if connection.state == "missing":
            return of_nango(400, "server_error", "Failed to get connection")
        return self._provided(connection, request)

    def _provided(self, connection: Connection, request: Request) -> Answer:
        connection.requests += 1
        provider = PROVIDERS[connection.provider]
        due = connection.script.due(request.path)
        connection.behaved += len(due)
        if connection.state == "dead":
            return of_nango(424, "server_error", "Refresh limit reached")
        if kills(due):
            connection.state = "dead"
        for item in due:
            happen(connection.account, item, provider.requested_item(request.path))
        answers = (scripted_answer for item in due if (scripted_answer := scripted(item)))
        answer: Answer = next(answers, None) or provider.answer(
            connection.account, request, look(due, next(self._nonces))
        )
        return spoilt(answer, due)

    def _control(self, request: Request, path: str) -> Answer:
        match path.split("/"):
            case ["connections"]:
                return of_json(
                    {"connections": {key: self._summary(key) for key in self.connections}}
                )
            case ["connections", quoted]:
                key = unquote(quoted)
                if request.method == "POST":
                    return self._steered(key, request.json())
                if key in self.connections:
                    return of_json(self._summary(key) | {"items": self.truth(key)})
        return of_nango(404, "not_found", "No such connection")

    def _steered(self, key: str, description: dict[str, Any]) -> Answer:
        try:
            if key not in self.connections or description.get("reset"):
                self.connect(key, description)
            steer(self.connections[key], description)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return of_nango(400, "invalid_body", f"{type(error).__name__}: {error}")
        return of_json(self._summary(key))

    def _summary(self, key: str) -> dict[str, Any]:
        connection = self.connections[key]
        return {
            "provider": connection.provider,
            "state": connection.state,
            "requests": connection.requests,
            "behaved": connection.behaved,
        }

    def truth(self, key: str) -> dict[str, dict[str, Any]]:
        """The facts of every item that a full sync of the connection must find, by external_id."""
        connection = self.connections[key]
        result: dict[str, dict[str, Any]] = PROVIDERS[connection.provider].truth(connection.account)
        return result


def steer(connection: Connection, description: dict[str, Any]) -> None:
    """Do what the body of a POST to the control endpoint requests: add, change or delete things,
    set faults, and so on. Each key is optional."""
    account = connection.account
    account.add(int(description.get("add", 0)))
    for item in description.get("put", []):
        account.put(item)
    account.change(int(description.get("change", 0)))
    account.delete(int(description.get("delete", 0)))
    if "delete_folder" in description:
        account.delete_folder(str(description["delete_folder"]))
    for key, drive in description.get("move", {}).items():
        account.move(key, drive)
    if "keep_drives" in description:
        account.keep_drives(list(description["keep_drives"]))
    if description.get("expire"):
        account.expire(int(description.get("status", 410)))
    if "owner" in description:  # as if the person had connected another account
        account.identity = str(description["owner"])
    _stand(connection, description)


def _stand(connection: Connection, description: dict[str, Any]) -> None:
    if "state" in description:
        if description["state"] not in STATES:
            raise ValueError(f"no such state: {description['state']!r}")
        connection.state = description["state"]
    if "script" in description:
        connection.script = Script(description["script"])
    if "end_user" in description:
        connection.end_user = (
            None if description["end_user"] is None else str(description["end_user"])
        )
    if "tags" in description:
        connection.tags = {str(name): str(text) for name, text in description["tags"].items()}


def _facts(key: str, connection: Connection) -> dict[str, Any]:
    """The connection as `GET /connections/{id}` returns it, without credentials."""
    user: dict[str, Any] | None = None
    if connection.end_user is not None:
        user = {"id": connection.end_user, "display_name": None, "email": None, "tags": {}}
    return {
        "connection_id": key,
        "provider_config_key": connection.provider,
        "provider": connection.provider,
        "errors": [],
        "end_user": user,
        "tags": connection.tags,
        "metadata": None,
        "connection_config": {},
        "credentials": {},
    }
