"""manage.py check_payments: check a pay run against the books before it is paid."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rest_framework.exceptions import ValidationError

from graph import tenant_lookup
from graph.api.problems import sentences
from graph.api.shapes import check_serializers as shapes
from graph.enrich.check.candidate_payment import Candidate
from graph.errors import GraphError
from graph.ingest.csv_dialect import body, layout
from graph.ingest.mappings.column_names import canonical
from graph.ingest.mappings.mapping import FileRule
from graph.questions.check import MOST, check

ALIASES = {
    "date": ("payment_date", "pay_date", "booked_on"),
    "amount": ("net_amount", "payment_amount"),
    "party": ("payee", "supplier", "supplier_name", "vendor", "beneficiary", "creditor"),
    "number": ("invoice_number", "document_ref", "reference", "invoice"),
    "due_on": ("due_date",),
    "description": ("details", "purpose"),
    "bank_account": ("account_number", "account"),
    "payer": ("department",),
    "supplier_id": ("vendor_id", "creditor_id"),
}
SHOWN = 20  # problems of a file that are printed
Numbered = tuple[int, dict[str, Any]]


class Command(BaseCommand):
    help = (
        "Compare the payments of a file with the books and with each other, before they are paid. "
        "Nothing is stored. Exit code 1 if one of them is not fine."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="CSV, or a JSON array")
        parser.add_argument("--user", required=True, metavar="U", help="id or e-mail address")
        parser.add_argument(
            "--source", metavar="S", help="the source that they would be imported into"
        )
        parser.add_argument("--currency", metavar="C", help="of payments that state none")
        parser.add_argument("--json", action="store_true", help="print the answer as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            candidates = read(options["file"], options["currency"])
            user_id = tenant_lookup.find(options["user"])
            answer = check(user_id, candidates, source=options["source"])
        except GraphError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_as_json(answer) if options["json"] else _as_text(answer))
        if answer["counts"]["fine"] < len(candidates):
            raise SystemExit(1)


def read(path: Path, currency: str | None) -> list[Candidate]:
    """Return the file's payments. Raises CommandError that names each wrong line and field."""
    is_json = path.suffix.casefold() == ".json"
    try:
        rows = list(_of_json(path) if is_json else _of_csv(path))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}") from error
    if not rows or len(rows) > MOST:
        raise CommandError(f"{path.name} has {len(rows):,} payments; 1 to {MOST:,} can be checked.")
    where = "payment" if is_json else "line"
    wrong: list[str] = []
    candidates: list[Candidate] = []
    for number, (line, stated) in enumerate(rows, 1):
        one = shapes.CandidateBody(data={"currency": currency, **stated} if currency else stated)
        try:
            one.is_valid(raise_exception=True)
            candidates.append(shapes.candidate(one.validated_data, number))
        except ValidationError as error:
            wrong += [f"{where} {line}: {told}" for told in sentences(error)]
    if wrong:
        more = f"\n… and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        listed = "\n".join(wrong[:SHOWN])
        raise CommandError(f"{path.name} is not checked:\n{listed}{more}")
    return candidates


def _of_json(path: Path) -> Iterator[Numbered]:
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"), parse_float=str)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path.name} is no JSON: {error}") from error
    if isinstance(values, dict):
        values = values.get("payments")
    if not isinstance(values, list):
        raise CommandError(f"{path.name} is not an array of payments.")
    for number, value in enumerate(values, 1):
        if not isinstance(value, dict):
            raise CommandError(f"{path.name}, payment {number}: is not an object")
        yield number, value


def _of_csv(path: Path) -> Iterator[Numbered]:
    shape = layout(path, FileRule())
    known = shapes.CandidateBody().fields
    names = canonical(shape.header, {name: ALIASES.get(name, ()) for name in known})
    if unknown := [name for name in names if name not in known]:
        raise CommandError(
            f"{path.name}, line {shape.line}: unknown columns {', '.join(unknown)}. "
            f"Known: {', '.join(known)}."
        )
    for record in body(path, shape):
        cells = [cell.strip() for cell in record.cells or []]
        if record.problem or (any(cells) and len(cells) != len(names)):
            reason = record.problem or f"{len(cells)} cells, not {len(names)}"
            raise CommandError(f"{path.name}, line {record.line}: {reason}")
        if any(cells):
            yield record.line, {name: c for name, c in zip(names, cells, strict=True) if c}


def _as_json(answer: dict[str, Any]) -> str:
    return json.dumps(shapes.CheckAnswer(answer).data, indent=1)


def _as_text(answer: dict[str, Any]) -> str:
    lines = [_line(one) for one in answer["results"]]
    counts = ", ".join(
        f"{count} {name.replace('_', ' ')}" for name, count in answer["counts"].items() if count
    )
    until = answer["books_until"]
    books = f"{answer['payments_compared']:,} rows of books that end on {until}"
    return "\n".join([*lines, f"{len(lines)} payments against {books}: {counts}."])


def _line(one: dict[str, Any]) -> str:
    sure = "" if one["confidence"] is None else f" ({one['confidence']:.0%})"
    what = f"{one['amount']:,.2f} {one['currency']} to {one['party']}"
    return f"{one['id']}: {one['verdict'].replace('_', ' ')}{sure}. {what}. {one['in_words']}"
