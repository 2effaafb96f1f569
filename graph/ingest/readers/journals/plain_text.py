"""Plain-text journals of beancount, hledger or ledger: transactions whose postings balance.

Plain postings are read: amounts with a commodity, one amount left out, prices (@, @@), balance
assertions, comments. Rows that other directives would add (include, auto and periodic postings,
plugins) are not read, and a warning names them. For these, export a CSV with the program itself.

A transaction becomes rows between its money accounts (assets and liabilities) and its other
accounts. An expense is paid to the payee; an income comes from the payee.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from pathlib import Path

from graph.ingest.decode import LedgerFileError
from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.readers import content
from graph.ingest.readers.checked import RefusedError, checked, shown
from graph.ingest.readers.journals import postings
from graph.ingest.readers.journals.postings import Leg, Posting
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows
from graph.ingest.readers.statements.statement import at_midnight

SOURCE = "journal"
_DAY = r"(?P<day>[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2})"
_BEANCOUNT = re.compile(
    rf'{_DAY}\s+(?P<flag>txn|[*!&#?%PSTCURM])(?P<rest>(?:\s+"(?:[^"\\]|\\.)*")*)\s*(?P<tags>[^"]*)'
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_HLEDGER = re.compile(
    rf"{_DAY}(?:=[0-9/.\-]+)?(?:\s+(?P<flag>[*!]))?(?:\s+\((?P<code>[^)]*)\))?(?:\s+(?P<rest>.*))?"
)
_DIRECTIVE = re.compile(r"[a-z]+\b|[~=!]|[DPNY](?=\s|[0-9])")
_UNREAD = frozenset(("include", "!include", "plugin", "pushtag", "apply", "alias", "~", "="))
_BEAN_WORDS = re.compile(
    r'(?m)^(?:option "|plugin "|[0-9]{4}-[0-9]{2}-[0-9]{2} +(?:open |close |balance |pad '
    r'|commodity |price |note |document |event |custom |txn |[*!] +"))'
)
_POSTING = re.compile(
    r"(?m)^[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}[^\n]*\n(?:[ \t]+[;#][^\n]*\n)*[ \t]+[^\s;#]"
)
_FIRST = re.compile(
    r"[0-9]{4}[-/.]|[;#%|*~=!]|[PDYN][ 0-9]|(?:option|plugin|account|commodity|include|comment"
    r"|decimal-mark|payee|tag|apply|alias|pushtag|year|bucket|define)\b[^,;\t]*$"
)


def fits(start: bytes) -> bool:
    """Return whether the file begins with a date, a comment or a directive, and has a dated line
    with an indented posting below."""
    text = start.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    text = text.replace("\r\n", "\n")
    first = next((line for line in text.split("\n") if line.strip()), "")
    return _FIRST.match(first) is not None and _POSTING.search(text) is not None


@dataclass(slots=True)
class _Transaction:
    line: int
    day: str
    flag: str
    payee: str
    note: str
    code: str
    raw: list[str]
    postings: list[tuple[int, str]] = field(default_factory=list)


def parts(path: Path, _hints: Hints) -> list[Part]:
    is_beancount = _is_beancount(path)
    part = Part(
        name="beancount" if is_beancount else "hledger",
        title="beancount journal" if is_beancount else "hledger or ledger journal",
        source=SOURCE,
        platform="ledger",
        read=lambda: iter(()),
        evidence=(
            "assets and liabilities are our own accounts; expenses are paid to the payee, income "
            "comes from the payee",
        ),
    )
    part.read = lambda: _read(path, is_beancount, part)
    return [part]


FORMAT = FileFormat("journal", "beancount, hledger or ledger journal", fits, parts)


def _is_beancount(path: Path) -> bool:
    text = content.start(path).decode("utf-8", errors="replace").replace("\r\n", "\n")
    return _BEAN_WORDS.search(text.removeprefix("\ufeff")) is not None


def _read(path: Path, is_beancount: bool, part: Part) -> Rows:
    reading = _Reading(is_beancount)
    yield from reading.rows(path)
    if not reading.transactions:
        raise LedgerFileError(f"{path.name} holds no transaction that can be read")
    part.warnings.extend(
        f"{count} {word!r} directives are not read"
        for word, count in sorted(reading.unread.items())
    )
    if reading.pending:
        part.warnings.append(f"{reading.pending} pending transactions (!) are not imported")


class _Reading:
    def __init__(self, is_beancount: bool) -> None:
        self._is_beancount = is_beancount
        self._seen: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()
        self.transactions = 0
        self.pending = 0

    def rows(self, path: Path) -> Rows:
        for transaction in self._transactions(path):
            if isinstance(transaction, Reject):
                yield transaction
                continue
            self.transactions += 1
            if transaction.flag == "!" and not self._is_beancount:
                self.pending += 1
                continue
            try:
                yield from self._of(transaction)
            except RefusedError as refused:
                yield refused.reject(transaction.line, "\n".join(transaction.raw))

    def _transactions(self, path: Path) -> Iterator[_Transaction | Reject]:
        current: _Transaction | None = None
        in_comment = False
        for line, raw in content.lines(path):
            text = raw.removeprefix("\ufeff").rstrip()
            if in_comment or text.startswith("comment"):
                in_comment = not text.startswith("end comment") and (
                    in_comment or text == "comment"
                )
                continue
            if text[:1].isspace():
                if current is not None:
                    current.raw.append(text)
                    current.postings.append((line, text.strip()))
                continue
            if current is not None:
                yield current
            current = None
            if text and text[0] not in ";#%|*":
                head = self._head(line, text)
                current = head if isinstance(head, _Transaction) else None
                if isinstance(head, Reject):
                    yield head
        if current is not None:
            yield current

    def _head(self, line: int, text: str) -> _Transaction | Reject | None:
        """Return the transaction that begins on the line, a Reject, or None for another
        directive."""
        if not text[0].isdigit():
            word = _DIRECTIVE.match(text)
            if word is None:
                return Reject(line, None, "neither a transaction nor a directive", shown(text))
            if word[0] in _UNREAD:
                self.unread[word[0]] += 1
            return None
        if self._is_beancount:
            return self._bean_head(line, text)
        match = _HLEDGER.fullmatch(text)
        if match is None:
            return Reject(line, "date", "not a transaction's first line", shown(text))
        described = (match["rest"] or "").partition(";")[0].strip()
        payee, _, note = described.partition("|")
        return _Transaction(
            line, match["day"], match["flag"] or "", payee.strip(), note.strip(),
            match["code"] or "", [text],
        )  # fmt: skip

    def _bean_head(self, line: int, text: str) -> _Transaction | None:
        match = _BEANCOUNT.fullmatch(text)
        if match is None:
            return None  # open, close, balance, price, …
        texts = [quoted.replace('\\"', '"') for quoted in _QUOTED.findall(match["rest"])]
        payee, note = (texts[0], texts[1]) if len(texts) > 1 else ("", texts[0] if texts else "")
        link = next((word[1:] for word in match["tags"].split() if word.startswith("^")), "")
        return _Transaction(line, match["day"], match["flag"], payee, note, link, [text])

    def _of(self, transaction: _Transaction) -> Iterator[LedgerRow]:
        own = postings.read(transaction.postings, self._is_beancount)
        occurred = at_midnight(_day(transaction.day))
        payee = transaction.payee or transaction.note
        transaction_ref = ""
        for leg in postings.legs(own, payee):
            key = self._key(transaction, leg)
            self._seen[key] += 1
            ordinal = self._seen[key]
            transaction_ref = transaction_ref or f"{key}#{ordinal}"
            yield checked(
                line=leg.line,
                key=key,
                publication="",
                ordinal=ordinal,
                transaction_ref=transaction_ref,
                occurred_at=occurred,
                amount=leg.amount,
                currency=leg.currency,
                payer=leg.payer,
                payee=leg.payee,
                document_ref=transaction.code,
                description=transaction.note or transaction.payee,
                data=_data(transaction, leg, own),
                records=leg.records,
            )

    def _key(self, transaction: _Transaction, leg: Leg) -> str:
        head = (transaction.day, transaction.payee, transaction.note, transaction.code)
        parts = (
            *head,
            leg.payer.name,
            leg.payee.name,
            leg.account,
            f"{leg.amount:f}",
            leg.currency,
        )
        return blake2b("\x1f".join(parts).encode(errors="replace"), digest_size=16).hexdigest()


def _data(transaction: _Transaction, leg: Leg, postings: list[Posting]) -> dict[str, str]:
    facts = {
        "date": transaction.day,
        "payee": transaction.payee,
        "narration": transaction.note,
        "code": transaction.code,
        "flag": transaction.flag,
        "account": leg.account,
        "amount": f"{leg.amount:f}",
        "currency": leg.currency,
        "postings": "; ".join(
            f"{posting.account} {posting.amount} {posting.currency}" for posting in postings
        ),
    }
    return {name: value for name, value in facts.items() if value}


def _day(text: str) -> date:
    year, month, day = (int(number) for number in re.split(r"[-/.]", text))
    try:
        return date(year, month, day)
    except ValueError as error:
        raise RefusedError("date", f"{text!r} is not a date") from error
