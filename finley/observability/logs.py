"""Log lines for machines: one JSON object each, with the request's id."""

import json
import logging
from datetime import UTC, datetime

from graph.http.problems import request_id

EXTRA = ("method", "path", "status", "milliseconds")


class OfRequest(logging.Filter):
    """Every record knows the request that it belongs to, `-` where it belongs to none."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get() or "-"
        return True


class Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            **{name: getattr(record, name) for name in EXTRA if hasattr(record, name)},
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False, default=str)
