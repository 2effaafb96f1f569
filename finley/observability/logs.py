"""Log records with the request's id, formatted as one JSON object per line."""

import json
import logging
import re
from datetime import UTC, datetime

from graph.http.problems import request_id

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
EXTRA = ("method", "path", "status", "milliseconds")
# Who knows one of these addresses needs nothing else: that of a certificate, and that by which a
# forgotten password is set anew.
_SECRET = re.compile(r"(/erasures/|/account/password/[^/\s]+/)[^/\s'\"]+")


def masked(text: str) -> str:
    """The text with `***` for each secret that is part of an address."""
    return _SECRET.sub(r"\1***", text)


class OfRequest(logging.Filter):
    """A logging filter that adds the current request's id to every record; `-` outside of
    requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get() or "-"
        return True


class Json(logging.Formatter):
    """A log formatter that writes a record as one JSON object. Secrets in addresses are masked."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            **{name: getattr(record, name) for name in EXTRA if hasattr(record, name)},
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return masked(json.dumps(fields, ensure_ascii=False, default=str))


class Line(logging.Formatter):
    """A log formatter that writes a record as one line. Line ends and control characters are
    escaped, and secrets in addresses are masked."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return _CONTROL.sub(lambda match: repr(match[0])[1:-1], super().formatMessage(record))
