"""Compares results on Calderdale's books with what is known about them without a truth (the data's
README)."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.scoring.scores import PROBABLE, Pair, Score, ratio
from benchmarks.scoring.written_layers import Found
from finley.demo.truth import Ref
from graph.ingest.store.identity import normalized

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "calderdale"
OXFORD = FOLDER.with_name("oxford")
ON_CARD, INVOICE, MASK = "Credit Cards", "IV", "REDACTED"


@dataclass(frozen=True)
class Lines:
    """The rows of the ledger and of the card feed by reference, as their files state them.
    `published` counts in how many files a row is."""

    ledger: dict[Ref, dict[str, str]]
    cards: dict[Ref, dict[str, str]]
    published: Counter[Ref]


def files(folder: Path | None = None) -> list[Path]:
    """The paths of the ledger and of the card feed: Calderdale's, or those in `folder`. Empty if
    there are none."""
    return sorted((folder or FOLDER).glob("*.csv.gz"))


def lines(paths: list[Path]) -> Lines:
    ledger, cards = {}, {}
    published: Counter[Ref] = Counter()
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                if "internal_ref" in row:
                    ledger[Ref(path.name, row["internal_ref"])] = row
                else:
                    ref = Ref(path.name, row["transaction_number"])
                    cards[ref] = row
                    published[ref] += 1
    return Lines(ledger, cards, published)


def judge(claims: Found, books: Lines) -> dict[str, Any]:
    return {
        "cross_platform": cross_platform(claims, books),
        "duplicate_groups": duplicate_groups(claims, books),
        "published_twice": published_twice(claims, books),
        "duplicates_flagged": sum(sure >= PROBABLE for sure in claims.duplicates.values()),
        "series": len(set(claims.series_of_row.values())),
        "rows_in_series": len(claims.series_of_row),
        "links": {kind: len(pairs) for kind, pairs in sorted(claims.links.items())},
    }


def cross_platform(claims: Found, books: Lines) -> dict[str, Any]:
    """Compare links with groups: ledger lines of "Credit Cards" and card lines with one merchant
    and amount.

    `possible` is the number of pairs that the groups allow one to one. `precision` is the share of
    links between the two files that join a ledger line and a card line of one group.
    """
    ledger = {ref: _group(row, "supplier_name") for ref, row in books.ledger.items()
              if row["definition"] == ON_CARD}  # fmt: skip
    cards = {ref: _group(row, "merchant_name") for ref, row in books.cards.items()}
    sizes = Counter(ledger.values()), Counter(cards.values())
    right: dict[Any, Counter[Ref]] = defaultdict(Counter)
    for pair in claims.links["same_transaction"]:
        ours, theirs = sorted(pair, key=lambda ref: ref not in books.ledger)
        if ours in ledger and ledger[ours] == cards.get(theirs):
            right[ledger[ours]].update(pair)
    lines_found = sum(len(set(group) & set(ledger)) for group in right.values())
    links = len(claims.links["same_transaction"])
    linked = sum(sum(group.values()) for group in right.values()) // 2
    return {
        "found": lines_found,
        "possible": sum(min(n, sizes[1][group]) for group, n in sizes[0].items()),
        "links": links,
        "precision": ratio(linked, links),
    }


def same_transaction(found: Found, known: Lines) -> Score:
    """The score of the links between the two files, with their confidences. A link within one group
    is right."""
    sure = []
    for pair, confidence in found.links["same_transaction"].items():
        ours, theirs = sorted(pair, key=lambda ref: ref not in known.ledger)
        if ours in known.ledger and theirs in known.cards:
            row, other = known.ledger[ours], known.cards[theirs]
            right = row["definition"] == ON_CARD and _group(row, "supplier_name") == _group(
                other, "merchant_name"
            )
            sure.append((confidence, right))
    count = sum(right for _, right in sure)
    return Score(count, len(sure), cross_platform(found, known)["possible"], tuple(sure))


def _group(row: dict[str, str], name: str) -> tuple[str, str]:
    return normalized(row[name]), row["net_amount"]


def duplicate_groups(claims: Found, books: Lines) -> dict[str, Any]:
    """Compare duplicates with groups of invoices of one supplier, number and amount on different
    days, without redacted values.

    A group is found if any of its pairs is reported.
    """
    groups: dict[tuple[str, ...], list[Ref]] = defaultdict(list)
    for ref, row in books.ledger.items():
        key = (row["supplier_name"], row["invoice_number"], row["net_amount"])
        if row["source"] == INVOICE and MASK not in " ".join(key).upper():
            groups[key].append(ref)
    twice = [g for g in groups.values() if len({books.ledger[ref]["date"] for ref in g}) > 1]
    covered = [group for group in twice if any(_flagged(claims, p) for p in combinations(group, 2))]
    missing = [sorted(group) for group in twice if group not in covered]
    return {"n": len(twice), "found": len(covered), "missing": missing}


def published_twice(claims: Found, books: Lines) -> dict[str, Any]:
    """Check card lines that the files of two months contain. Each is one row, and none was paid
    twice because of that.

    `flagged` are pairs of such rows that are reported as duplicates nevertheless (equal purchases
    may be).
    """
    again = {ref for ref, times in books.published.items() if times > 1}
    flagged = [
        pair for pair, sure in claims.duplicates.items() if sure >= PROBABLE and pair <= again
    ]
    once = len(again & claims.flows)
    return {"n": len(again), "stored_once": once, "flagged": len(flagged)}


def _flagged(claims: Found, pair: tuple[Ref, ...]) -> bool:
    both: Pair = frozenset(pair)
    return claims.duplicates.get(both, 0) >= PROBABLE
