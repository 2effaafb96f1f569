"""Reads untrusted XML: no DTD, no entities, no network, limited size and depth.

libxml2 keeps its own limits (256 levels, 10 MB per text) because `huge_tree` stays off.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from lxml import etree

from graph.ingest.decode import LedgerFileError
from graph.ingest.readers import content


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


Element = Any  # lxml has no type annotations
_SAFE: dict[str, bool] = {
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


@dataclass(frozen=True, slots=True)
class Root:
    """A document's root element: its name without a prefix, and its namespace or ""."""

    name: str
    namespace: str


def root_of(start: bytes) -> Root | None:
    """Return the root element in a file's first bytes, or None if they are not XML."""
    if b"<" not in start[:1024].replace(b"\0", b""):
        return None
    parser = etree.XMLPullParser(events=("start",), **_SAFE)
    with suppress(etree.XMLSyntaxError):  # the root may have been read before the error
        parser.feed(start)
    try:
        for _, element in parser.read_events():
            return Root(local(element), str(element.tag).rpartition("}")[0].lstrip("{"))
    except etree.XMLSyntaxError:
        return None
    return None


def local(element: Element) -> str:
    """Return the element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def elements(path: Path, names: frozenset[str]) -> Iterator[Element]:
    """Yield each element with one of these local names when its end tag is read.

    Call `drop` on an element after its use, so that memory stays bounded. Raises LedgerFileError
    for XML that is broken, cut off, too large or declares a DTD.
    """
    with content.stream(path) as stream:
        yield from _iterated(path, stream, names)


def _iterated(path: Path, stream: Readable, names: frozenset[str]) -> Iterator[Element]:
    try:
        first = True
        for event, element in etree.iterparse(stream, events=("start", "end"), **_SAFE):
            if first:
                _must_have_no_dtd(path.name, element)
                first = False
            if event == "end" and local(element) in names:
                yield element
    except etree.XMLSyntaxError as error:
        raise LedgerFileError(_broken(path.name, error)) from error


def parsed(data: bytes, name: str) -> Element:
    """Return the root of a whole document. `name` is its file name for messages. Raises
    LedgerFileError."""
    try:
        parser = etree.XMLPullParser(events=("start",), **_SAFE)
        parser.feed(data)
        for _, element in parser.read_events():
            _must_have_no_dtd(name, element)
            break
        return etree.parse(BytesIO(data), etree.XMLParser(**_SAFE)).getroot()
    except etree.XMLSyntaxError as error:
        raise LedgerFileError(_broken(name, error)) from error


def _must_have_no_dtd(name: str, element: Element) -> None:
    if element.getroottree().docinfo.doctype:
        raise LedgerFileError(
            f"{name} declares a DTD, which could load other files or expand without end: "
            "finley reads no XML with a DTD"
        )


def _broken(name: str, error: Exception) -> str:
    return f"{name} is not well-formed XML, or is cut off: {str(error)[:200]}; fetch it again"


def drop(element: Element) -> None:
    """Free the memory of an element and of the elements before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


def child(element: Element | None, *path: str) -> Element | None:
    """Return the element at the end of the path of local names, or None if there is none.

    At each step the first element of that name is taken.
    """
    for name in path:
        if element is None:
            return None
        element = next((inner for inner in element if local(inner) == name), None)
    return element


def children(element: Element | None, *path: str) -> list[Element]:
    """Return all elements with the last name of the path, inside the first element along the
    path before it."""
    *above, last = path
    parent = child(element, *above)
    return [inner for inner in parent if local(inner) == last] if parent is not None else []


def text(element: Element | None, *path: str) -> str:
    """Return the text at the end of the path with single spaces, or "" if there is none."""
    element_found = child(element, *path)
    return " ".join((element_found.text or "").split()) if element_found is not None else ""


def first_text(element: Element | None, *paths: str) -> str:
    """Return the text at the first of several paths ("Acct/Id/IBAN") that has one, or ""."""
    return next((first for path in paths if (first := text(element, *path.split("/")))), "")
