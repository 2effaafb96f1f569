"""manage.py audit: find what auditors look for in addition to double payments."""

import json
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from graph import tenant_lookup
from graph.enrich import fraud
from graph.enrich.audit.audit_checks import CHECKS, Books, Finding, run
from graph.enrich.columns.payments import UNIT, Payments, load
from graph.enrich.links.same_transaction import day_of
from graph.errors import GraphError

SHOWN = 12  # listed rows per finding


class Command(BaseCommand):
    help = (
        "Look through a tenant's payments as an auditor would: amounts split below an approval "
        "limit, round amounts, closed days, large first payments, changed bank accounts, employees "
        "who are suppliers, first digits. Each finding is a reason to look, with its evidence."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="U", help="id or e-mail address")
        parser.add_argument("--check", nargs="+", choices=CHECKS, help="these only (all)")
        parser.add_argument("--skip", nargs="+", choices=CHECKS, default=[], help="not these")
        parser.add_argument(
            "--limit", nargs="+", type=float, default=[], help="approval limits, such as 5000 25000"
        )
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            user_id = tenant_lookup.find(options["user"])
        except GraphError as error:
            raise CommandError(str(error)) from error
        names = [name for name in options["check"] or CHECKS if name not in options["skip"]]
        payments, findings = _found(user_id, names, options["limit"])
        rows = [_row(payments, finding) for finding in findings]
        self.stdout.write(json.dumps(rows, indent=1) if options["json"] else _as_text(rows))


def _found(user_id: UUID, names: list[str], limits: list[float]) -> tuple[Payments, list[Finding]]:
    payments = load(user_id)
    accounts = fraud.stated(user_id, payments).accounts
    units = tuple(round(limit * UNIT) for limit in limits)
    return payments, run(Books(payments, accounts, units), names)


def _row(payments: Payments, finding: Finding) -> dict[str, Any]:
    rows = [
        {
            "key": f"{payments.source[at]} {payments.external_id[at]}",
            "day": day_of(payments, at),
            "amount": f"{payments.amount[at] / UNIT:.2f} {payments.currency[at]}",
            "payee": str(payments.entities.name[payments.payee[at]]),
        }
        for at in finding.places[:SHOWN]
    ]
    evidence = {**finding.evidence, "rows": len(finding.places)}
    return {"check": finding.check, "why": finding.why, "evidence": evidence, "payments": rows}


def _as_text(rows: list[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        lines.append(f"{row['check']}: {row['why']}")
        lines += [f"  {p['day']} {p['amount']} {p['payee']} ({p['key']})" for p in row["payments"]]
    return "\n".join(lines) or "Nothing that these checks look for."
