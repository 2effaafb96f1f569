"""Scores every layer against the truth of three generators, and on real books.

Books are generated, imported into a database of their own and enriched; the scores are read from
the tables. Then the last two months of each tenant are deleted and the rest enriched again, three
times over, and the predictions are compared with what those months contained. The same books with
shuffled dates should show no series.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks import dataset
from benchmarks.otherbooks import charity as otherbooks
from benchmarks.planted import planted_books as plantedbooks
from benchmarks.planted.truth import PlantedTruth
from benchmarks.scoring import layer_scores, planted_scores, real_books, scored_tenants
from benchmarks.scoring import written_layers as tables
from benchmarks.scoring.reliability_tables import markdown
from benchmarks.scoring.scores import Card, Forecasts, Share, reliability
from benchmarks.scoring.written_layers import Found
from finley.demo import books as demobooks
from finley.demo.truth import Ref, Truth
from graph.ingest.import_file import format_of
from graph.ingest.mappings.mapping import Mapping

HIDDEN = timedelta(days=61)  # a monthly series has two occurrences in this time
CUTS = 3  # cuts of the same books, each HIDDEN days before the last, for more series to predict
DATABASE = "finley_layers"
Files = list[tuple[Path, Mapping]]
Groups = list[list[Ref]]
Maker = Callable[[Path, int, argparse.Namespace], tuple[Files, Truth]]


def main() -> None:
    options = _options()
    try:
        with dataset.database(DATABASE):
            results = run(options)
    except KeyboardInterrupt:
        sys.exit("Interrupted; the database made for scoring is gone.")
    for name, scores in results.items():
        _table(name, scores)
    if options.markdown:
        options.markdown.write_text(markdown(results))
    if options.json:
        print(json.dumps(results))


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the scores of everything that the options select."""
    makers = {name: make for name, make in MAKERS.items() if name in options.only}
    results = {name: _generated(name, make, options) for name, make in makers.items()}
    return results | {"calderdale": _calderdale(options), "oxford": _oxford(options)}


def demo(folder: Path, seed: int, options: argparse.Namespace) -> tuple[Files, Truth]:
    """Write the books of the demo's own generator. Return their files and their truth."""
    arguments = {"jitter_days": options.jitter, "missed": options.missed}
    arguments |= {"months": options.months} if options.months else {}
    books = demobooks.write(folder, seed, **arguments)
    paths = [path for path in books.files if path.suffix == ".csv"]
    return [(path, format_of(path)) for path in paths], books.truth


def other(folder: Path, seed: int, options: argparse.Namespace) -> tuple[Files, Truth]:
    """Write the books of the generator on which nothing was tuned. Return their files and their
    truth."""
    arguments = {"jitter_days": options.jitter, "missed": options.missed}
    arguments |= {"months": options.months} if options.months else {}
    books = otherbooks.write(folder, seed, **arguments)
    return [(path, otherbooks.mapping_of(path.name)) for path in books.files], books.truth


def hard(folder: Path, seed: int, _: argparse.Namespace) -> tuple[Files, Truth]:
    """Write the books that contain hard cases of each kind, whose generator was written without
    knowledge of the detectors. Return their files and their truth."""
    books = plantedbooks.write(folder, seed)
    return [(path, plantedbooks.mapping_of(path.name)) for path in books.files], books.truth


MAKERS: dict[str, Maker] = {"generator": demo, "other_generator": other, "planted": hard}


def _generated(name: str, make: Maker, options: argparse.Namespace) -> dict[str, Any]:
    """Score the books of a generator for each seed. Return the scores of all seeds together, and of
    each seed."""
    cards = {}
    for seed in options.seeds:
        _say(f"{name}, seed {seed}")
        with tempfile.TemporaryDirectory() as folder:
            files, truth = make(Path(folder), seed, options)
            cards[seed] = score(files, truth, seed)
    together = sum(list(cards.values())[1:], next(iter(cards.values())))
    return as_json(together) | {"seeds": {str(seed): as_json(card) for seed, card in cards.items()}}


def as_json(card: Card) -> dict[str, Any]:
    """The card's scores as JSON, with the reliability of each layer. For the shuffled books, only
    the rate of false positives is kept."""
    plain = card.as_json()
    sure = {name: getattr(score, "sure", ()) for name, score in card.scores.items()}
    plain["reliability"] = {
        name: reliability(each)
        for name, each in sure.items()
        if each and not name.startswith("planted_")
    }
    if "aliases_offered" in plain:
        plain["offered_precision"] = plain["aliases_offered"]["precision"]
        plain["recall_with_offered"] = plain["aliases_with_offered"]["recall"]
    if "shuffled" in plain:
        still = plain.pop("shuffled")
        plain["shuffled_false_positive_rate"] = still["accuracy"]
        plain["shuffled_rows"] = still["n"]
    return plain


def score(files: Files, truth: Truth, seed: int) -> Card:
    """Import and enrich these books. Return the scores of the layers, of the predictions, and of
    the same books with shuffled dates."""
    user_id = scored_tenants.made(files)
    scored_tenants.enrich(user_id)
    whole = tables.read(user_id)
    card = layer_scores.judge(whole, truth)
    card.scores["duplicates_by_case"] = planted_scores.by_case(whole, truth)
    card.scores["links_both_ways"] = Share(whole.cycles, sum(map(len, whole.links.values())))
    if isinstance(truth, PlantedTruth):
        card.scores |= planted_scores.judge(whole, truth).scores
        return card
    card.scores["prediction_coverage"] = ahead(
        user_id, whole, truth.end, lambda cut: layer_scores.groups(truth, whole.days, cut)
    )
    card.scores["shuffled"] = at_random(files, seed)
    return card


def ahead(user_id: UUID, whole: Found, end: date, series: Callable[[date], Groups]) -> Forecasts:
    """Compare predictions that are made from the books before each cut with what happened later.
    `series(cut)` returns the rows of each series.

    Afterwards the tenant has only the rows before the earliest cut.
    """
    results = Forecasts()
    for cut in (end - HIDDEN * n for n in range(1, CUTS + 1)):
        scored_tenants.cut_short(user_id, cut)
        scored_tenants.enrich(user_id)
        results += layer_scores.forecasts(tables.read(user_id), series(cut), whole.days, cut)
    return results


def at_random(files: Files, seed: int) -> Share:
    """The share of payments that are still in a series after the dates were shuffled."""
    user_id = scored_tenants.made(files)
    scored_tenants.shuffle(user_id, seed)
    scored_tenants.enrich(user_id)
    shuffled = tables.read(user_id)
    return Share(len(shuffled.series_of_row), len(shuffled.flows))


def _calderdale(options: argparse.Namespace) -> dict[str, Any]:
    paths = real_books.files()
    if not options.real or not paths:
        why = "not asked for" if not options.real else f"nothing in {real_books.FOLDER}"
        return {"skipped": why}
    _say("calderdale")
    files = [(path, format_of(path)) for path in paths]
    user_id, seconds = scored_tenants.timed(lambda: scored_tenants.made(files))
    first, again = scored_tenants.enrich(user_id), scored_tenants.enrich(user_id)
    whole = tables.read(user_id)
    costs = {"import_seconds": seconds, "enrich": asdict(first), "enrich_again": asdict(again)}
    known = real_books.lines(paths)
    card = Card({"same_transaction": real_books.same_transaction(whole, known)})
    card.scores["prediction_coverage"] = _real_ahead(user_id, whole)
    card.scores["shuffled"] = at_random(files, 1)
    return real_books.judge(whole, known) | costs | as_json(card)


def _oxford(options: argparse.Namespace) -> dict[str, Any]:
    """Score predictions for a council's payments over 500 pounds against what happened."""
    paths = real_books.files(real_books.OXFORD)
    if not options.real or not paths:
        why = "not asked for" if not options.real else f"nothing in {real_books.OXFORD}"
        return {"skipped": why}
    _say("oxford")
    user_id = scored_tenants.made([(path, format_of(path)) for path in paths], strictly=False)
    first = scored_tenants.enrich(user_id)
    whole = tables.read(user_id)
    links = {kind: len(pairs) for kind, pairs in sorted(whole.links.items())}
    counts = {"enrich": asdict(first), "links": links, "offered": len(whole.offered)}
    return counts | as_json(Card({"prediction_coverage": _real_ahead(user_id, whole)}))


def _real_ahead(user_id: UUID, whole: Found) -> Forecasts:
    """Compare predictions with what happened later, for books without a truth: their series are
    those that enrichment finds in the whole books. See `ahead`."""
    series: dict[str, list[Ref]] = {}
    for row, pattern in whole.series_of_row.items():
        series.setdefault(pattern, []).append(row)
    end = max(whole.days.values(), default=date.max)
    return ahead(user_id, whole, end, lambda _: list(series.values()))


def _table(name: str, scores: dict[str, Any]) -> None:
    _say(f"\n{name}")
    for layer, one in scores.items():
        if layer not in {"seeds", "reliability"}:
            numbers = one.items() if isinstance(one, dict) else [("", one)]
            text = "  ".join(f"{key} {_short(value)}".strip() for key, value in numbers)
            _say(f"  {layer:30} {text}")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.layers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"It makes a database {DATABASE} on the configured server and drops it at the end.",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="(1 2 3)")
    parser.add_argument("--only", nargs="+", choices=MAKERS, default=list(MAKERS), help="(all)")
    parser.add_argument("--jitter", type=int, default=4, help="days off the agreed day (4)")
    parser.add_argument("--missed", type=float, default=0.05, help="share not happening (0.05)")
    parser.add_argument("--months", type=int, help="of books (each generator's own)")
    parser.add_argument(
        "--real", action=argparse.BooleanOptionalAction, default=True, help="calderdale and oxford"
    )
    parser.add_argument("--markdown", type=Path, help="write tables of reliability there")
    parser.add_argument("--json", action="store_true", help="one JSON object last on stdout")
    return parser.parse_args()


if __name__ == "__main__":
    main()
