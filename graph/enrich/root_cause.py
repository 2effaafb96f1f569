"""Layer 7, root cause: for each anomaly, the chain back to its origin, in one sentence of facts.

An anomaly is a payment that was repeated or taken back, an amount far from the usual one of its
series (modified z-score > 3.5; B. Iglewicz, D. Hoaglin, "How to Detect and Handle Outliers", 1993),
or an overdue payment. The chain follows the causal layer's links from effect to cause, the
strongest first, across the postings of one transaction, to the first event without a cause.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Literal

from graph import sql
from graph.database.arrow import tenant_snapshot
from graph.enrich.write import facts
from graph.enrich.write.counts import Counts
from graph.models.enrichment import RootCauseAnalysis

Off = Mapping[str, Any]
Step = Mapping[str, Any]
COLUMNS = ("root_cause_analysis", "confidence", "chain", "evidence")
LONGEST = 6  # steps back; nobody reads a longer chain


def explain(off: Iterable[Off], edges: Iterable[Step]) -> Iterator[dict[str, Any]]:
    """Yield one row of layer 7 for each relationship with an anomaly: the chain of causes, and a
    sentence about it.

    `off` has the anomalies, the most certain first; only the first one of a relationship counts.
    `edges` are the causal layer's links.
    """
    causes = _causes(edges)
    explained: set[str] = set()
    for finding in off:
        if finding["relationship"] in explained:
            continue
        explained.add(finding["relationship"])
        chain = _chain(finding, causes)
        yield {
            "relationship_id": finding["relationship"],
            "root_cause_analysis": sentence(finding, chain),
            "confidence": min(max(float(finding["confidence"] or 0), 0.0), 1.0),
            "chain": [_step_json(step) for step in chain],
            "evidence": {
                "what": finding["what"],
                "other": finding["other"],
                "usual": finding["usual"],
            },
        }


def _causes(edges: Iterable[Step]) -> dict[str, list[Step]]:
    """Return effect's event → the steps to its causes, in the order of `edges`, the strongest
    first."""
    by_effect: dict[str, list[Step]] = defaultdict(list)
    for edge in edges:
        by_effect[edge["effect"]].append(edge)
    return by_effect


def _chain(off: Off, causes: Mapping[str, list[Step]]) -> list[Step]:
    """Return the steps from the anomaly back to its origin, each from an effect to its cause.

    They start at the relationship, or at the one that it repeats. No event occurs twice.
    """
    starts = [off["source_event"], off["target_event"]]
    starts += [off[name] for name in ("other_source_event", "other_target_event") if off[name]]
    chain: list[Step] = []
    visited = set(starts)
    while len(chain) < LONGEST:
        step = _next(starts, causes, visited)
        if step is None:
            return chain
        chain.append(step)
        starts = [event for event in (step["cause"], step["sibling"]) if event]
        visited |= set(starts)
    return chain


def _next(starts: list[str], causes: Mapping[str, list[Step]], visited: set[str]) -> Step | None:
    steps = [step for event in starts for step in causes.get(event, ())]
    new = [step for step in steps if step["cause"] not in visited]
    return max(new, key=lambda step: (step["score"], step["relationship"]), default=None)


def sentence(off: Off, chain: list[Step]) -> str:
    """Return a sentence for people that says what the anomaly is and where it began."""
    start = f" It began with {_event(chain[-1])}." if chain else ""
    return f"{_STORIES[off['what']](off)}{start}"


def _duplicate(off: Off) -> str:
    same = f", both for {off['document']}" if _same_document(off) else ""
    return (
        f"{_money(off['amount'], off['currency'])} to {_party(off)} on {off['day']} "
        f"({_row(off['source'], off['key'])}) repeats the payment of {off['other_day']} "
        f"({_row(off['other_source'], off['other_key'])}){same}."
    )


def _same_document(off: Off) -> bool:
    return bool(off["document"]) and off["document"] == off["other_document"]


def _reversal(off: Off) -> str:
    return (
        f"{_money(off['amount'], off['currency'])} on {off['day']} "
        f"({_row(off['source'], off['key'])}) takes back what was paid on {off['other_day']}: "
        f"{_money(off['other_amount'], off['currency'])} "
        f"({_row(off['other_source'], off['other_key'])})."
    )


def _amount(off: Off) -> str:
    usual = Decimal(str(off["usual"]))
    times = abs(Decimal(off["amount"])) / usual
    return (
        f"{_money(off['amount'], off['currency'])} to {_party(off)} on {off['day']} is "
        f"{times:.1f} times the usual {_money(str(usual), off['currency'])} of this "
        f"{_frequency(off)} series."
    )


def _late(off: Off) -> str:
    return (
        f"The {_frequency(off)} payment to {_party(off)} was expected between {off['since']} and "
        f"{off['until']} and has not come; the last one was on {off['day']}, "
        f"{_money(off['amount'], off['currency'])}."
    )


_STORIES = {"duplicate": _duplicate, "reversal": _reversal, "amount": _amount, "late": _late}


def _frequency(off: Off) -> str:
    return str(off["rhythm"] or "recurring").replace("_", "-")


def _party(off: Off) -> str:
    return str(off["party"] or "an unknown party")


def _money(amount: str, currency: str) -> str:
    return f"{currency} {abs(Decimal(amount)):,.2f}"


def _row(source: str, key: str) -> str:
    return f"row {key} of {source}"


def _event(step: Step) -> str:
    what = "the mail" if step["kind"] == "message" else "the file"
    if step["kind"] == "posting":
        number = f" for {step['document']}" if step["document"] else ""
        amount = f" over {_money(step['amount'], step['currency'])}" if step["amount"] else ""
        return f"{_row(step['source'], step['key'])} of {step['day']}{number}{amount}"
    return f"{what} '{step['description']}' of {step['day']}"


def _step_json(step: Step) -> dict[str, Any]:
    names = ("relationship", "type", "effect", "cause", "score", "day", "key", "source")
    return {name: step[name] for name in names}


def enrich(user_id: UUID) -> Counts:
    """Write one row of layer 7 per relationship with an anomaly. Return the numbers of changed
    rows."""
    tenant = Literal(str(user_id))
    with tenant_snapshot(user_id, hashed=True) as reader:
        off, edges = (
            reader.table(SQL(sql.read(name)).format(user_id=tenant)).to_pylist()
            for name in ("enrich/anomalies", "enrich/causal_edges")
        )
    return facts.write(user_id, RootCauseAnalysis, COLUMNS, list(explain(off, edges)))
