"""A session with a server: requests with retries, pages, deferred questions, downloads."""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import uuid4

import httpx

from .problem_error import ProblemError, QuestionFailed, Unreachable

TRIES = 5
FIRST_WAIT = 0.5  # seconds before the second try, then doubled, with jitter
LONGEST_WAIT = 60.0  # seconds; a server that asks for more gets no further try
RETRIED = frozenset({429, 502, 503, 504})
WAIT = 600.0  # seconds that a deferred question is waited for
LOOK_EVERY = 1.0  # seconds between two looks, unless the server says how many
ENDED = frozenset({"done", "failed", "cancelled"})

Parameters = Mapping[str, Any]


class Session:
    """A session with the server at an address such as https://finley.example.com.

    Requests that failed for a reason that passes (no connection, 429, 502, 503, 504) are tried up
    to `tries` times, after the server's `Retry-After` or after growing waits. Each POST has an
    `Idempotency-Key`, so that one that is repeated has no second effect. Raises ProblemError for
    what the server refuses, and Unreachable.
    """

    def __init__(
        self,
        server: str,
        token: str,
        *,
        tries: int = TRIES,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._tries = tries
        self._client = httpx.Client(
            base_url=f"{server.rstrip('/')}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            transport=transport,
        )

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the JSON of a GET. `path` is below /api/v1/, such as "graph/stats/"."""
        return self.request("GET", path, params=parameters).json()

    def post(self, path: str, body: Parameters | None = None) -> Any:
        """Return the JSON of a POST with a JSON body; None if the answer has no body."""
        response = self.request("POST", path, json=dict(body or {}))
        return response.json() if response.content else None

    def ask(self, question: str, *, wait: float = WAIT, **parameters: Any) -> Any:
        """Return the answer of a question, such as "cash-flow" or "entities/<id>".

        If the server defers it to a worker, this waits at most `wait` seconds for the answer.
        Raises QuestionFailed if there is none.
        """
        path = f"graph/{question.strip('/')}/"
        response = self.request("GET", path, params=parameters)
        if response.status_code != httpx.codes.ACCEPTED:
            return response.json()
        return self._deferred(response, wait)

    def pages(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield all pages of a list, each as its JSON. `limit` is the size of a page."""
        while True:
            page = self.get(path, **parameters)
            yield page
            following = page.get("next")
            if following is None:
                return
            name = "offset" if isinstance(following, int) else "cursor"
            parameters = {**parameters, name: following}

    def rows(self, path: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield the rows of all pages of a list, which are read one after another."""
        for page in self.pages(path, **parameters):
            yield from page["results"]

    @contextmanager
    def stream(self, path: str, **parameters: Any) -> Iterator[httpx.Response]:
        """Yield the response of a GET whose body is read in pieces (`iter_bytes`)."""
        request = self._client.build_request("GET", path, params=_present(parameters))
        response = self._sent(request, stream=True)
        try:
            yield response
        finally:
            response.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the response of a request, tried again where that can help.

        `options` are those of httpx: params, json, content, headers.
        """
        if "params" in options:
            options["params"] = _present(options["params"])
        headers = dict(options.pop("headers", {}))
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid4()))
        request = self._client.build_request(method, path, headers=headers, **options)
        return self._sent(request)

    def _sent(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        for attempt in range(1, self._tries + 1):
            is_last = attempt == self._tries
            try:
                response = self._client.send(request, stream=stream)
            except httpx.TransportError as error:
                if is_last:
                    reason = str(error) or type(error).__name__
                    raise Unreachable(
                        f"The server {request.url.host} cannot be reached: {reason}"
                    ) from error
                wait = _growing(attempt)
            else:
                if response.is_success:
                    return response
                response.read()
                response.close()
                wait = _retry_after(response, _growing(attempt))
                if is_last or response.status_code not in RETRIED or wait > LONGEST_WAIT:
                    raise ProblemError.of(response)
            time.sleep(wait)
        raise AssertionError("unreachable")

    def _deferred(self, response: httpx.Response, wait: float) -> Any:
        until = time.monotonic() + wait
        location = response.url.join(response.headers["Location"])
        if location.netloc != response.url.netloc:  # the token is for this server alone
            raise QuestionFailed(f"The server sent the question to another one: {location.host}.")
        pause = _retry_after(response, LOOK_EVERY)
        while True:
            if time.monotonic() + pause > until:
                raise QuestionFailed(f"No answer within {wait:g} s. It will be at {location}.")
            time.sleep(pause)
            response = self.request("GET", str(location))
            state = response.json()
            if state["status"] in ENDED:
                break
            pause = _retry_after(response, LOOK_EVERY)
        if state["status"] != "done":
            raise QuestionFailed(state["error"] or f"The question is {state['status']}.")
        return state["answer"]


def _present(parameters: Parameters) -> dict[str, Any]:
    """Return the parameters without those that are None, and lists with commas between their
    values."""
    return {
        name: ",".join(map(str, value)) if isinstance(value, list | tuple) else value
        for name, value in parameters.items()
        if value is not None
    }


def _growing(attempt: int) -> float:
    return float(FIRST_WAIT * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - jitter


def _retry_after(response: httpx.Response, otherwise: float) -> float:
    """Return the seconds of Retry-After, which may be a number or a date; `otherwise` without."""
    text = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return otherwise
