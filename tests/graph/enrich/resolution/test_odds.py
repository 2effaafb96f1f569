"""How likely an offered pair is one party: kind, evidence beside the name, decisions."""

import pytest

from graph.enrich.resolution import odds
from graph.enrich.resolution.odds import Dealings, Judged
from graph.enrich.resolution.resolve import Pair

HOUSING, PARKS = frozenset({"Housing"}), frozenset({"Parks"})


BEGINS = odds.KINDS["begins"]


def offered(at: int, kind: str = "begins", decided="open") -> Pair:
    return Pair(f"a{at}", f"b{at}", BEGINS, "reason", decided, {"kind": kind})


def dealings(partners: list[frozenset[str]], amounts: list[tuple[float, float]]) -> odds.By:
    """Of pairs' both ends in one source: the same partners."""
    ends = zip(partners, amounts, strict=True)
    return {
        f"{side}{at}": {"bank": Dealings(partner, amount[side == "b"])}
        for at, (partner, amount) in enumerate(ends) for side in "ab"
    }  # fmt: skip


PAIRS = [offered(at) for at in range(6)]
APART = [frozenset({f"department {at}"}) for at in range(6)]
SIZES = [(float(at), at + 0.1) for at in range(0, 12, 2)]


def test_what_both_share_and_others_do_not_raises_the_chance_and_is_said():
    [first, *_] = odds.weighed(PAIRS, dealings(APART, SIZES))
    assert 0.9 < first.confidence <= odds.MOST
    assert first.reason == "reason; both deal with the same; for amounts of one size"
    assert first.evidence["same_partners"] == first.evidence["amounts_of_one_size"] == "for"


def test_what_everybody_shares_says_nothing():
    alike = dealings([HOUSING] * 6, [(1.0, 1.0)] * 6)
    [first, *_] = odds.weighed(PAIRS, alike)
    assert first.confidence == pytest.approx(BEGINS, abs=0.06)
    nothing = odds.weighed(PAIRS, {})
    assert [pair.confidence for pair in nothing] == [BEGINS] * 6


def test_other_partners_and_other_amounts_lower_it():
    known = dict(dealings(APART, SIZES))
    known["b0"] = {"bank": Dealings(PARKS, 9.0)}
    first, second, *_ = odds.weighed(PAIRS, known)
    assert first.confidence < 0.5
    assert second.confidence > 0.9
    assert first.evidence["same_partners"] == "against"
    elsewhere = {**known, "b0": {"cards": Dealings(PARKS, 9.0)}}
    assert odds.weighed(PAIRS, elsewhere)[0].confidence == BEGINS  # no source has both


def test_automatic_merges_stay_as_they_are():
    merged = offered(7, decided="automatic")
    assert odds.weighed([merged, *PAIRS], {})[0] is merged


@pytest.mark.parametrize(("count", "is_merged", "low", "high"), [
    (3, True, 0.8, 0.9), (3, False, 0.45, 0.6), (500, True, 0.93, 0.95), (500, False, 0.4, 0.45),
])  # fmt: skip
def test_decisions_move_their_kind_within_bounds_and_no_other(count, is_merged, low, high):
    decided = [Judged("begins", BEGINS, is_merged)] * count
    first, other = odds.weighed([offered(1), offered(2, "initials")], {}, decided)
    assert low < first.confidence < high
    assert first.evidence["chance"] == BEGINS
    assert other.confidence == odds.KINDS["initials"]
    assert "decisions_moved_it_by" not in other.evidence
