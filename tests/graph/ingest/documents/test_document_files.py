"""The facts of documents that are files, and which files are ledgers."""

import warnings
from contextlib import suppress
from io import BytesIO
from typing import Any

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import DocumentError
from graph.ingest.documents import document_text
from graph.ingest.import_file import is_ledger


def pdf(*pages: str, **changes: Any) -> bytes:
    """A PDF of these lines, a page each."""
    writer = pypdf.PdfWriter()
    for text in pages:
        page = writer.add_blank_page(300, 300)
        font = pypdf.generic.DictionaryObject({
            pypdf.generic.NameObject("/Type"): pypdf.generic.NameObject("/Font"),
            pypdf.generic.NameObject("/Subtype"): pypdf.generic.NameObject("/Type1"),
            pypdf.generic.NameObject("/BaseFont"): pypdf.generic.NameObject("/Helvetica"),
        })  # fmt: skip
        fonts = pypdf.generic.DictionaryObject({pypdf.generic.NameObject("/F1"): font})
        page[pypdf.generic.NameObject("/Resources")] = pypdf.generic.DictionaryObject(
            {pypdf.generic.NameObject("/Font"): fonts}
        )
        stream = pypdf.generic.DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
        page[pypdf.generic.NameObject("/Contents")] = writer._add_object(stream)
    if changes:
        writer.encrypt(algorithm="RC4-128", **changes)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "content", "expected"),
        [
            ("a.txt", b"Total", "Total"),
            ("a.TXT ", "Müller".encode("cp1252"), "Müller"),
            ("a.md", "\ufeffTotal £5".encode(), "Total £5"),
            ("a.txt", "Total £5".encode("utf-16"), "Total £5"),
            ("a.htm", b"<p>Total<p>5", "Total\n5"),
            ("a.eml", b"Subject: x\nContent-Type: text/plain\n\nTotal 5\n", "Total 5\n"),
            ("a.eml", b"Content-Type: text/html; charset=utf-8\n\n<p>Total<p>5", "Total\n5"),
            ("a.eml", b"Content-Type: text/plain; charset=cp1251\n\n\xc8\xf2\xee\xe3\xee", "Итого"),
            ("a.eml", b"Content-Type: text/plain; charset=none\n\nTotal \xa35", "Total £5"),
            ("a.eml", b"", ""),
            ("a.txt", b"", ""),
            ("a.txt", b"x" * 300_000, "x" * 200_000),
        ],
    )
    def test_are_text(self, name: str, content: bytes, expected: str) -> None:
        assert document_text.is_readable(name)
        assert document_text.of(content, name) == expected

    def test_of_a_mail_of_many_parts_are_its_text_alone(self) -> None:
        mail = (
            b'Content-Type: multipart/mixed; boundary="b"\n\n--b\n'
            b"Content-Type: text/plain\n\nHello\n"
            b"--b\nContent-Type: text/plain\n"
            b"Content-Disposition: attachment; filename=x.txt\n\nNo\n"
            b"--b--\n"
        )
        assert document_text.of(mail, "m.eml").strip() == "Hello"

    def test_that_are_pdf_are_text(self) -> None:
        assert document_text.of(pdf("Invoice INV-77", "Total GBP 5.00"), "a.pdf").split("\n") == [
            "Invoice INV-77", "Total GBP 5.00",
        ]  # fmt: skip

    def test_of_many_pages_are_bounded(self) -> None:
        assert len(document_text.of(pdf(*["x"] * 60), "a.pdf").split()) == document_text.PAGES

    def test_encrypted_without_a_password_are_text(self) -> None:
        assert (
            document_text.of(pdf("Total", user_password="", owner_password="o"), "a.pdf") == "Total"
        )

    @pytest.mark.parametrize(
        ("name", "content", "why"),
        [
            ("a.pdf", b"", "'a.pdf' is no PDF that can be read"),
            ("a.pdf", b"%PDF-1.7\nnonsense", "'a.pdf' is no PDF that can be read"),
            ("a.png", b"", "'a.png' is no text, HTML, mail or PDF by its name."),
            ("noname", b"", "'noname' is no text"),
            ("a.txt", b"x" * (document_text.BYTES + 1), "'a.txt' is longer than 25 MiB."),
        ],
    )
    def test_that_cannot_be_read_say_why(self, name: str, content: bytes, why: str) -> None:
        with pytest.raises(DocumentError) as error:
            document_text.of(content, name)
        assert str(error.value).startswith(why)

    def test_that_are_encrypted_say_so(self) -> None:
        with pytest.raises(DocumentError, match=r"'a\.pdf' is encrypted: save it without"):
            document_text.of(pdf("Total", user_password="secret"), "a.pdf")

    @given(st.integers(0, 2000), st.binary(max_size=20), st.integers(0, 2000))
    def test_that_are_broken_are_an_error_or_text(self, at: int, junk: bytes, cut: int) -> None:
        whole = pdf("Total GBP 5.00")
        broken = whole[:at] + junk + whole[at + len(junk) : len(whole) - cut]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with suppress(DocumentError):
                assert isinstance(document_text.of(broken, "a.pdf"), str)

    @given(st.binary(max_size=200), st.sampled_from(["a.eml", "a.html", "a.txt", "a.md"]))
    def test_of_any_bytes_are_text(self, content: bytes, name: str) -> None:
        try:
            assert isinstance(document_text.of(content, name), str)
        except DocumentError:
            assert content.startswith(b"%PDF-")


@pytest.mark.parametrize("name", ["a.csv", "A.CSV", "b c.tsv", "a.csv.gz", "a.tsv.zst", "x.csv ",
                                  "a.xlsx", "a.ods", "a.xml", "a.qfx", "a.sta.gz"])  # fmt: skip
def test_a_ledger_is_known_by_its_name(name: str) -> None:
    assert is_ledger(name)


@pytest.mark.parametrize("name", ["", ".csv", "csv", "a.txt", "a.csv.bz2", "a.csv.zip", "a.gz",
                                  "a.docx", "a.csv.pdf", "a.csv.gz.gz"])  # fmt: skip
def test_no_ledger_is_known_by_its_name(name: str) -> None:
    assert not is_ledger(name)
