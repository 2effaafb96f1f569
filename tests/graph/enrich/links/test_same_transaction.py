"""One payment in two sources: by hand, and against what is true of the demo's books."""

from collections import Counter

import numpy as np
import pytest

from graph.enrich.links.day_lags import favour
from graph.enrich.links.same_transaction import find, links
from tests.graph.enrich.demo_payments import demo
from tests.graph.enrich.handmade import payments


def pairs(*rows, **options):
    books = payments(*rows)
    matches = find(books, **options)
    keys = books.external_id
    return {(keys[one], keys[other]) for one, other in zip(matches.one, matches.other, strict=True)}


def ledger(day, amount=12.34, party="Coldmere Filling Station Ltd", **values):
    return {"day": day, "amount": amount, "party": party, **values}


def card(day, amount=12.34, party="COLDMERE FILLING TRURO", **values):
    return ledger(day, amount, party, source="card", own="Card 1", **values)


def test_nothing_and_one():
    assert pairs() == set()
    assert pairs(ledger(0)) == set()


def test_a_card_line_and_its_ledger_line():
    assert pairs(card(1, key="c"), ledger(3, key="l")) == {("c", "l")}


@pytest.mark.parametrize(
    "line",
    [
        ledger(3, amount=12.35),
        ledger(3, currency="EUR"),
        ledger(3, party="Oak Water Services"),
        ledger(3, due=33),
        ledger(900),
        ledger(3, source="card"),
    ],
)
def test_what_is_not_the_same(line):
    assert pairs(card(1, key="c"), {**line, "key": "l"}) == set()


def test_never_one_to_many():
    matches = pairs(card(1, key="c"), ledger(2, key="near"), ledger(5, key="far"))
    assert matches == {("c", "near")}


def test_equal_purchases_keep_their_order():
    cards = [card(day, key=f"c{day}") for day in (10, 12, 14)]
    books = [ledger(day, key=f"l{day}") for day in (13, 15, 16)]
    assert pairs(*cards, *books) == {("c10", "l13"), ("c12", "l15"), ("c14", "l16")}


def test_the_best_pairs_in_sum_not_the_first():
    """The line of day 5 is nearest to the purchase of day 4, but then that of day 1 has none."""
    rows = [card(1, key="c1"), card(4, key="c4"), ledger(5, key="l5"), ledger(7, key="l7")]
    assert pairs(*rows) == {("c1", "l5"), ("c4", "l7")}


def test_two_rows_of_one_source_are_never_one_payment_by_way_of_a_third():
    bank = ledger(2, source="bank", own="Current account", key="b")
    matches = pairs(card(1, key="c"), bank, ledger(2, key="l1"), ledger(3, key="l2"))
    rows = Counter(key for pair in matches for key in pair)
    groups = [{"c", "b", "l1"}, {"c", "b", "l2"}, {"c", "l1"}, {"c", "l2"}, {"b", "l1"}]
    assert any(set(rows) <= group for group in groups) or len(matches) == 2
    assert not {("c", "l1"), ("b", "l2"), ("c", "b")} <= matches


def test_a_source_that_has_it_the_other_way_round():
    rows = []
    for at in range(40):
        rows.append(card(20 * at, amount=-(100 + at), key=f"c{at}"))
        rows.append(ledger(20 * at + 1, amount=100 + at, key=f"l{at}"))
    assert pairs(*rows) == {(f"c{at}", f"l{at}") for at in range(40)}


def test_a_refund_is_not_its_purchase():
    rows = [card(20 * at, amount=100 + at, key=f"c{at}") for at in range(30)]
    rows += [ledger(20 * at + 1, amount=100 + at, key=f"l{at}") for at in range(30)]
    rows += [card(900, amount=-77, key="c"), ledger(901, amount=77, key="l")]
    assert ("c", "l") not in pairs(*rows)


def test_kinds_of_rows_that_have_no_mates():
    """A cash purchase of the same sum: what its entry type never has, it has not, either."""
    rows = [card(20 * at, amount=100 + at, key=f"c{at}") for at in range(40)]
    rows += [ledger(21 * at + 2, amount=100 + at, key=f"l{at}") for at in range(40)]
    rows += [ledger(3 * at, amount=500 + at, key=f"p{at}") for at in range(300)]
    rows += [card(395, amount=555.5, key="c"), ledger(420, amount=555.5, key="p")]
    books = payments(*rows)
    kinds = {"type": np.array([key[0] for key in books.external_id], dtype=object)}
    assert ("c", "p") in pairs(*rows)
    assert ("c", "p") not in pairs(*rows, kinds=kinds)
    assert len(pairs(*rows, kinds=kinds)) == 40


def test_days_are_learned():
    usual = np.array([1, 2, 3, 4, 5] * 40)
    late = np.arange(200)
    lags = np.array([3, 50, 150, -50])
    assert favour(usual, lags, 700)[0] > 50
    assert (favour(usual, lags, 700)[1:] < 0.1).all()
    assert (favour(late, lags, 700)[:3] > 2).all()


def test_a_reason_in_words_and_numbers():
    books = payments(card(1, key="c"), ledger(3, key="l"))
    [link] = links(books, find(books))
    assert (link.source_event, link.target_event, link.type) == ("ec", "el", "same_transaction")
    assert link.reason.startswith("row c of card (1970-01-02) and row l of ledger (1970-01-04)")
    assert "12.34 GBP, 2 days apart" in link.reason
    assert 0.5 < link.confidence <= 1


def test_dates_of_all_ages():
    far = (-719_162, 0, 2_932_896)
    rows = [card(day, key=f"c{day}") for day in far] + [ledger(day, key=f"l{day}") for day in far]
    assert pairs(*rows) == {(f"c{day}", f"l{day}") for day in far}


def test_many_equal_payments_of_one_pair():
    rows = [card(at // 50) for at in range(10_000)] + [ledger(at // 50) for at in range(10_000)]
    books = payments(*rows)
    matches = find(books)
    assert len(matches) > 9_900
    assert len(set(matches.one)) == len(set(matches.other)) == len(matches)


def test_zero_is_no_payment():
    assert pairs(card(1, amount=0), ledger(1, amount=0)) == set()


@pytest.mark.parametrize("seed", [7, 11, 23])
def test_against_the_truth(seed):
    books = demo(seed)
    matches = find(books.payments, books.kinds)
    group = {}
    for pair in books.truth.same_transaction:
        if pair.group:
            group |= {books.place[pair.seen]: pair.group, books.place[pair.ledger]: pair.group}
    true = Counter(
        named(group, books.place[pair.seen], books.place[pair.ledger])
        for pair in books.truth.same_transaction
    )
    ends = zip(matches.one.tolist(), matches.other.tolist(), strict=True)
    claimed = Counter(named(group, one, other) for one, other in ends)
    right = sum((true & claimed).values())
    assert 2 * right / (true.total() + claimed.total()) >= 0.97
    wrong = [claimed - true, true - claimed]
    sure = matches.confidence > 0.99
    assert sure.mean() > 0.8
    assert sum(wrong[0].values()) <= 0.02 * len(matches)


def named(group, one, other):
    same = group.get(one) is not None and group.get(one) == group.get(other)
    return group[one] if same else (one, other)


def claims(source, mark, count, days, seed):
    """Claims of everybody, all of one party's name, each with a number of its own."""
    rng = np.random.default_rng([seed, ord(mark[0])])
    return [
        {
            "source": source, "party": "Staff", "key": f"{mark}{at}", "document": f"{mark}-{at}",
            "day": int(rng.integers(0, days)), "amount": int(rng.integers(500, 20_000)) / 100,
        }
        for at in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("days", [60, 365])
def test_amounts_that_a_payee_of_many_rows_has_in_common_by_chance(seed, days):
    rows = [*claims("ledger", "AX", 600, days, seed), *claims("travel", "BX", 600, days, seed)]
    amounts = [
        {row["amount"] for row in rows if row["source"] == name} for name in ("ledger", "travel")
    ]
    assert amounts[0] & amounts[1]
    assert pairs(*rows) == set()


def test_many_rows_of_one_payee_that_two_sources_did_see():
    """Beyond what chance makes: each claim is posted within four days."""
    ours = claims("ledger", "AX", 300, 365, 1)
    rng = np.random.default_rng(1)
    theirs = [
        {**row, "source": "travel", "key": f"t{row['key']}", "document": "",
         "day": row["day"] + int(rng.integers(0, 4))}
        for row in ours
    ]  # fmt: skip
    matches = pairs(*ours, *theirs)
    assert len(matches) >= 290
    assert sum(one.lstrip("t") == other.lstrip("t") for one, other in matches) >= 0.97 * len(
        matches
    )


def test_another_documents_number_speaks_against_one_payment():
    others = [ledger(day, amount=50 + day, party="Oak Water Services") for day in range(0, 90, 3)]
    rows = [card(31, key="c", document="TR-5511"), ledger(33, key="l", document="INV-7712")]
    alike = [card(31, key="c"), ledger(33, key="l")]
    unlike, none = (find(payments(*some, *others)).odds[0] for some in (rows, alike))
    assert unlike < none / 10


WOODS = ("Oak", "Elm", "Ash", "Fir", "Yew", "Box")


def two_ledgers(numbers):
    """Rows of two sources, each pair of one party, day and rare amount."""
    for at, (ours, theirs) in enumerate(numbers):
        row = {"day": 10 * at, "party": f"{WOODS[at % 6]} {at} Mills"}
        row["amount"] = 101.37 + 13.11 * at
        yield {**row, "document": ours, "key": f"a{at}"}
        yield {**row, "document": theirs, "source": "second", "key": f"b{at}"}


def test_other_numbers_speak_against_where_sources_number_alike():
    shared = [(f"GR{70_000 + at}", f"GR{70_000 + at}") for at in range(8)]
    unlike = [(f"GR{80_000 + at}", f"GR{90_000 + at}") for at in range(4)]
    made = payments(*two_ledgers([*shared, *unlike]))
    found = find(made)
    keys = {made.external_id[place] for place in (*found.one, *found.other)}
    assert keys == {f"{side}{at}" for side in "ab" for at in range(8)}


def test_sources_that_number_by_themselves_agree_all_the_same():
    made = payments(*two_ledgers([(f"GR{80_000 + at}", f"R{500 + at}") for at in range(24)]))
    assert len(find(made)) >= 20


def fees_of_two_accounts(**fee):
    """A fee that the ledger and its bank state, and one of 12.00 in another account's file."""
    bank = {"source": "bank.one", "own": "Current account", "party": "LANGGATE COMMERCIA"}
    rows = [ledger(40 + 30 * at, amount=12, party="Langgate Commercial Bank Limited",
                   key=f"l{at}") for at in range(4)]  # fmt: skip
    rows += [ledger(39 + 30 * at, amount=12, key=f"b{at}", **bank) for at in range(4)]
    savings = {"source": "bank.two", "own": "Savings", "party": "Langgate Commercial Bank"}
    rows.append(ledger(61, key="s", **{"amount": 12, **savings, **fee}))
    rows.append(ledger(63, amount=300, key="s2", **savings | {"party": "Tesco"}))
    rows.append(ledger(72, amount=61.4, key="s3", **savings | {"party": "Shell"}))
    return rows


def test_another_accounts_fee_is_another_payment():
    matches = pairs(*fees_of_two_accounts())
    assert matches == {(f"b{at}", f"l{at}") for at in range(4)}


def test_two_downloads_of_one_account_under_two_names_are_the_same_payments():
    rows = []
    for at in range(5):
        for source, own in (("bank.one", "Current account"), ("bank.two", "Savings")):
            rows.append(ledger(7 * at, amount=50 + at, source=source, own=own, key=f"{source}{at}"))
    rows.append(ledger(36, amount=9, source="bank.two", own="Savings", key="only here"))
    assert pairs(*rows) == {(f"bank.one{at}", f"bank.two{at}") for at in range(5)}
