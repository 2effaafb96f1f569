"""Reads a document's text: plain text, HTML, mail and PDF."""

import logging
from email import message_from_bytes
from email.message import Message
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from graph.engine.lazy_imports import pypdf
from graph.errors import DocumentError
from graph.ingest.decode import SAMPLE, likeliest
from graph.ingest.documents.html_text import of_html

CHARACTERS = 200_000
PAGES = 50
BYTES = 25 * 1024 * 1024
_PLAIN = frozenset({".txt", ".text", ".md"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")

# pypdf would log every flaw of every file; the error says what matters.
logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)


def is_readable(name: str) -> bool:
    """Return whether `of` can read a file of this name."""
    return _suffix(name) in {*_PLAIN, *_HTML, ".eml", ".pdf"}


def of(content: bytes, name: str) -> str:
    """Return the text of a document: at most 200,000 characters, and of a PDF the first 50 pages.

    The file name determines the type: .txt .md .html .htm .eml .pdf. Raises DocumentError for
    another name, for more than 25 MiB, and for a PDF that is encrypted or broken.
    """
    if len(content) > BYTES:
        raise DocumentError(f"{_short(name)} is longer than {BYTES // 2**20} MiB.")
    suffix = _suffix(name)
    if suffix == ".pdf" or content.startswith(b"%PDF-"):
        return _of_pdf(content, name)
    if suffix in _HTML:
        return of_html(_decoded(content))[:CHARACTERS]
    if suffix == ".eml":
        return _of_mail(content)[:CHARACTERS]
    if suffix in _PLAIN:
        return _decoded(content)[:CHARACTERS]
    raise DocumentError(f"{_short(name)} is no text, HTML, mail or PDF by its name.")


def _suffix(name: str) -> str:
    return PurePosixPath(name.strip().lower()).suffix


def _short(name: str) -> str:
    return repr(name if len(name) <= 100 else name[:100] + "…")


def _decoded(content: bytes) -> str:
    """Return the text, decoded by its byte order mark, else as UTF-8, else by the most likely
    encoding."""
    if content.startswith(_MARKS):
        codec = "utf-8-sig" if content.startswith(_MARKS[2]) else "utf-16"
        return content.decode(codec, errors="replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode(likeliest(content[:SAMPLE]) or "cp1252", errors="replace")


def _of_mail(content: bytes) -> str:
    """Return the plain text of a mail (RFC 5322), or else its HTML as text, or "" if it has
    neither."""
    message = message_from_bytes(content)
    parts = [part for part in message.walk() if not part.is_multipart()]
    for kind, read in (("text/plain", str), ("text/html", of_html)):
        texts = [read(_body(part)) for part in parts if part.get_content_type() == kind]
        if any(texts):
            return "\n".join(texts)
    return ""


def _body(part: Message) -> str:
    if part.get_filename():
        return ""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeError):
        return _decoded(payload)


def _of_pdf(content: bytes, name: str) -> str:
    try:
        reader = pypdf().PdfReader(BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise DocumentError(f"{_short(name)} is encrypted: save it without its password.")
        return _pages(reader)
    except (DocumentError, MemoryError):
        raise
    except pypdf().errors.PyPdfError as error:
        raise DocumentError(f"{_short(name)} is no PDF that can be read: {error}.") from error
    except Exception as error:  # broken files make it raise whatever comes
        kind = type(error).__name__
        raise DocumentError(f"{_short(name)} is no PDF that can be read ({kind}).") from error


def _pages(reader: Any) -> str:
    text = ""
    for page, _ in zip(reader.pages, range(PAGES), strict=False):
        text += page.extract_text() + "\n"
        if len(text) > CHARACTERS:
            break
    return text.strip()[:CHARACTERS]
