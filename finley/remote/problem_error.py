"""Errors of a client. `ProblemError` carries the server's problem (RFC 9457)."""

from typing import Any

import httpx


class Unreachable(Exception):
    """The server could not be reached, or did not answer in time, however often it was tried."""


class QuestionFailed(Exception):
    """A worker could not answer a question, or did not within the wait. The message says why."""


class ProblemError(Exception):
    """The server refused a request.

    `status` is the HTTP status, `type` the URN of the kind of problem, `detail` a sentence for a
    person, `errors` the wrong values, each with `in`, `pointer` and `detail`, and `request_id` the
    request's id in the server's log. `problem` is the whole object.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.type = str(problem.get("type", "about:blank"))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail") or problem.get("title") or f"HTTP status {status}")
        self.errors: list[dict[str, Any]] = list(problem.get("errors", []))
        self.request_id = problem.get("request_id")
        super().__init__(self.detail)

    @property
    def fields(self) -> dict[str, str]:
        """The wrong values: what is wrong by the field's name, such as {"limit": "…"}."""
        return {
            str(error.get("pointer", "")).removeprefix("#/"): str(error.get("detail", ""))
            for error in self.errors
        }

    @classmethod
    def of(cls, response: httpx.Response) -> "ProblemError":
        """Return the error for a response whose body has been read."""
        try:
            problem = response.json()
        except ValueError:
            problem = {}
        if not isinstance(problem, dict):
            problem = {}
        return cls(response.status_code, problem)
