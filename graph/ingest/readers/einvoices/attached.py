"""Finds the XML invoice in a PDF. Factur-X, ZUGFeRD 2 and XRechnung attach it under a fixed
name."""

import logging
from io import BytesIO
from typing import Any

from graph.engine.lazy_imports import pypdf

NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")
LARGEST = 16 * 1024 * 1024  # bytes

# pypdf would log every flaw of every file, but only the invoice matters here.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)


def embedded(pdf: bytes) -> bytes | None:
    """Return the XML invoice attached to the PDF; None if there is none or the PDF cannot be
    read."""
    if b"EmbeddedFile" not in pdf and b"/ObjStm" not in pdf and b"/AF" not in pdf:
        return None
    try:
        return _attached(pypdf().PdfReader(BytesIO(pdf)))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - broken files make it raise whatever comes
        return None


def _attached(reader: Any) -> bytes | None:
    for name, files in reader.attachments.items():
        if name.casefold() in NAMES and files:
            content = files[0] if isinstance(files, list) else files
            return content if len(content) <= LARGEST else None
    return None
