"""manage.py reconcile: check whether the statements' balances and movements add up."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from graph import tenant_lookup
from graph.errors import GraphError
from graph.questions.reconcile import reconcile


class Command(BaseCommand):
    help = (
        "Check each account's statement that gives a running balance: opening + movements = "
        "closing, for every month, with the first row at which it breaks. Exit code 1 where one "
        "does not add up."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="U", help="id or e-mail address")
        parser.add_argument("--json", action="store_true", help="print the answer as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            answer = reconcile(tenant_lookup.find(options["user"]))
        except GraphError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_as_json(answer) if options["json"] else _as_text(answer))
        if not answer["ok"]:
            raise SystemExit(1)


def _as_json(answer: dict[str, Any]) -> str:
    return json.dumps(answer, default=str, indent=1)


def _as_text(answer: dict[str, Any]) -> str:
    lines = []
    for account in answer["accounts"]:
        broken = [month for month in account["months"] if not month["ok"]]
        verdict = "adds up" if account["ok"] else f"{len(broken)} do not add up"
        lines.append(
            f"{account['account']} ({account['source']}, {account['currency']}): "
            f"{len(account['months'])} months, {verdict}"
        )
        lines += [_broken(month) for month in broken]
    return "\n".join(lines) or "No statement with a running balance has been imported."


def _broken(month: dict[str, Any]) -> str:
    text = (
        f"  {month['month']}: {month['opening']:,.2f} + {month['movements']:,.2f} is not "
        f"{month['closing']:,.2f}, it differs by {month['difference']:,.2f}"
    )
    if (first := month["first_break"]) is not None:
        text += (
            f"; it breaks first at row {first['key']} ({first['file']}, line {first['line']}, "
            f"{first['day']}): {first['stated']:,.2f} is stated, {first['expected']:,.2f} expected"
        )
    return text
