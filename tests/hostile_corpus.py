"""Generates hostile files and mails: at least 300 from a seed, none longer than 2 MB.

Each kind of attack (a bomb, a loop, a name, a false length) comes in several sizes. `python -m
benchmarks.hostile` sends all of them through real syncs.
"""

import base64
import bz2
import gzip
import io
import lzma
import random
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

LEDGER = "entry_id,posted_on,party,entry_type,amount,account,currency\n"
ROW = "E{},2026-01-15,Harbour Foods,purchase,420.50,Office,GBP\n"
KINDS = ("mail", "pdf", "archive", "name", "spreadsheet")


@dataclass(frozen=True)
class Hostile:
    """A hostile file. It is the text of a mail if `file` is empty."""

    kind: str
    file: str
    data: bytes
    subject: str = "Invoice"
    sender: str = '"Harbour Foods" <billing@harbour.example>'

    def mail(self) -> dict[str, Any]:
        """The description of a sandbox's mail with this content."""
        if not self.file:
            text = self.data.decode(errors="replace")
            return {"subject": self.subject, "from": self.sender, "text": text, "attachments": []}
        attached = {"name": self.file, "base64": base64.b64encode(self.data).decode()}
        return {
            "subject": self.subject,
            "from": self.sender,
            "text": "-",
            "attachments": [attached],
        }

    def _message(self, text: str, attachments: list[dict[str, Any]]) -> dict[str, Any]:
        head = {"subject": self.subject, "from": self.sender}
        return {**head, "text": text, "attachments": attachments}

    def stored(self) -> dict[str, Any]:
        """The description of a sandbox's file with this content."""
        return {"name": self.file, "base64": base64.b64encode(self.data).decode()}


def corpus(seed: int = 7) -> list[Hostile]:
    """The whole corpus. It is the same for the same seed."""
    chance = random.Random(seed)
    makers = (_mails, _pdfs, _archives, _names, _spreadsheets)
    return [item for make in makers for item in make(chance)]


def _mails(chance: random.Random) -> Iterator[Hostile]:
    for depth in (1, 10, 100, 500, 1_000, 2_000, 5_000):
        yield Hostile("mail", "deep.eml", _nested(depth))
        yield Hostile("mail", "forwarded.eml", b"Content-Type: message/rfc822\r\n\r\n" * depth)
    for size in (1_000, 50_000, 400_000):
        for piece in ("<a ", "<div>", "<!--", "&amp;", "<td><tr>", "<style>", "\u202e", "GBP 1.00 ",
                      "INV-1 ", "=?utf-8?q?", "((((", "<p style='", "<![CDATA["):  # fmt: skip
            name = "" if size < 50_000 else "page.html"
            yield Hostile("mail", name, (piece * (size // len(piece))).encode())
    for subject in ("\0" * 50, "a" * 100_000, "=?utf-8?b?" + "=" * 5_000, "\r\nBcc: x@y.example",
                    "\u202egpj.exe", "INV-" * 20_000, "=cmd|' /C calc'!A0"):  # fmt: skip
        yield Hostile("mail", "", b"Your payment of GBP 1.00", subject)
    for sender in ("", "@", '"' * 5_000, "a@" * 5_000, "<>" * 500, "=?x?q?=00?= <a@b>", "\0@\0"):
        yield Hostile("mail", "", b"Invoice INV-77123 over GBP 1.00", "Invoice", sender)
    for number in range(10):
        yield Hostile("mail", f"noise-{number}.eml", chance.randbytes(20_000))


def _nested(depth: int) -> bytes:
    parts = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)
    )
    head = f"Subject: deep\r\nMIME-Version: 1.0\r\n{parts}Content-Type: text/plain\r\n\r\nx"
    return head.encode()


def _pdfs(chance: random.Random) -> Iterator[Hostile]:
    page = b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    bodies = [
        b"2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\n",
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 999999999>>endobj\n",
        b"2 0 obj" + b"[" * 50_000,
        b"2 0 obj" + b"<<" * 50_000,
        b"2 0 obj<</Length 99999999999>>stream\nx",
        b"2 0 obj<</Length -1>>stream\nx endstream endobj\n",
        b"xref\n0 4294967295\n" + b"0000000000 65535 f \n" * 1_000,
        b"trailer<</Root 1 0 R/Prev 0>>startxref\n0\n%%EOF",
        b"trailer<</Encrypt 1 0 R/Root 1 0 R>>",
        b"(" * 100_000,
    ]
    for number, body in enumerate(bodies):
        yield Hostile("pdf", f"shape-{number}.pdf", page + body)
        yield Hostile("pdf", f"again-{number}.pdf", page + body * 5)
    for megabytes in (1, 10, 50):
        data = zlib.compress(b"BT (GBP 1.00) Tj ET " * (megabytes * 50_000), 9)
        length = str(len(data)).encode()
        stream = b"4 0 obj<</Filter/FlateDecode/Length " + length + b">>stream\n" + data
        tree = b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        leaf = b"3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj\n"
        yield Hostile("pdf", f"flate-{megabytes}.pdf", page + tree + leaf + stream + b"\nendstream")
    for number in range(36):
        yield Hostile("pdf", f"noise-{number}.pdf", page + chance.randbytes(5_000 + 1_000 * number))


def _archives(chance: random.Random) -> Iterator[Hostile]:
    packers = {"gz": partial(gzip.compress, mtime=0), "bz2": bz2.compress, "xz": lzma.compress}
    for ending, pack in packers.items():
        for megabytes in (1, 5, 20, 50):
            yield Hostile(
                "archive", f"bomb-{megabytes}.csv.{ending}", pack(b"0" * (megabytes << 20))
            )
        good = pack((LEDGER + ROW.format(1) * 200).encode())
        for cut in (1, 5, len(good) // 2, len(good) - 1):
            yield Hostile("archive", f"cut-{cut}.csv.{ending}", good[:-cut])
        yield Hostile("archive", f"twice.csv.{ending}", pack(pack(b"a,b\n" * 1_000)))
        yield Hostile("archive", f"noise.csv.{ending}", good[:20] + chance.randbytes(2_000))
    for members in (1, 100, 1_500):
        for name in ("{}.csv", "../../{}.csv", "/etc/{}.csv", "{}/" * 20 + "a.csv"):
            yield Hostile("archive", f"members-{members}.zip", _zipped(members, name))
            yield Hostile("archive", f"members-{members}.csv", _zipped(members, name))
    for number in range(6):
        yield Hostile("archive", f"noise-{number}.zip", b"PK\x03\x04" + chance.randbytes(9_000))


def _zipped(members: int, name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for number in range(members):
            file.writestr(zipfile.ZipInfo(name.replace("{}", str(number))), "0" * 500)
    return out.getvalue()


def _names(chance: random.Random) -> Iterator[Hostile]:
    stems = (
        "a" * 251, "\N{SNOWMAN}" * 90, "\u0301" * 120, "..", "...", "", " ", "CON", "-rf",
        "--help",
        "a\0b", "a\nb", "a\rb", "\u202efdp", "%2e%2e%2f", "a" * 4_000, "=1+1", "@SUM(A1)",
        "'; DROP",
        "{{7*7}}", "$(id)", "`id`", "a/b", "a\\b", "../../x", "/etc/passwd", "\ud83d\ude00" * 50,
        "\ufeff", "\u200b" * 100, "\x7f", "nul\x1f", "\uff41" * 80, "é" * 126, "x." * 120,
    )  # fmt: skip
    for number, stem in enumerate(stems):
        for ending in (".csv", ".pdf"):
            name = (stem + ending).encode(errors="replace").decode()
            yield Hostile("name", name, (LEDGER + ROW.format(f"n{number}")).encode())
    for _ in range(6):
        yield Hostile("name", chance.randbytes(60).decode("latin-1") + ".csv", b"a,b\n1,2\n")


def _spreadsheets(chance: random.Random) -> Iterator[Hostile]:
    cells = (
        "1e999999",
        "NaN",
        "-inf",
        "9" * 400,
        "2026-99-99",
        "=HYPERLINK(1)",
        '"',
        "\0",
        "٣",
        "",
    )
    for cell in cells:
        row = f"E1,2026-01-15,{cell},purchase,{cell},Office,GBP\n"
        yield Hostile("spreadsheet", "cell.csv", (LEDGER + row * 500).encode())
        yield Hostile(
            "spreadsheet", "cell.xlsx", _workbook(f"<c r='A1'><v>{ord(cell[:1] or 'x')}</v></c>")
        )
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for sheet in (
        f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><x>&l9;</x>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        "<x>" * 50_000,
        "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
        "<row>" + "<c><v>1</v></c>" * 100_000 + "</row>",
        "<mergeCell ref='A1:XFD1048576'/>" * 1_000,
        "\0" * 1_000,
    ):
        for repeat in (1, 3):
            yield Hostile("spreadsheet", f"sheet-{repeat}.xlsx", _workbook(sheet * repeat))
    for text in ("a," * 400_000, '"' * 400_000, "\n" * 400_000, ";|\t," * 100_000, "\ufeff" * 9_999,
                 LEDGER * 9_000, '"a""b",' * 90_000):  # fmt: skip
        for encoding in ("utf-8", "utf-16", "utf-32-be"):
            yield Hostile("spreadsheet", f"text-{encoding}.csv", text.encode(encoding)[:2_000_000])
    for number in range(12):
        yield Hostile(
            "spreadsheet", f"noise-{number}.xlsx", b"PK\x03\x04" + chance.randbytes(8_000)
        )
        yield Hostile("spreadsheet", f"noise-{number}.csv", chance.randbytes(30_000))


def _workbook(sheet: str) -> bytes:
    files = {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.xml": '<workbook><sheets><sheet name="a"/></sheets></workbook>',
        "xl/sharedStrings.xml": sheet,
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{sheet}",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, text in files.items():
            file.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()
