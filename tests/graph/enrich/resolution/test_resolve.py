"""Spellings of one party: what is merged, what is not, and why."""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finley.demo.books import write
from graph.enrich.resolution import blocking
from graph.enrich.resolution.improbable_counts import LEAST
from graph.enrich.resolution.name_words import read
from graph.enrich.resolution.resolve import Decision, Pair, Party, resolve
from graph.enrich.resolution.similarity import SURE, compare
from graph.enrich.resolution.strong_keys import Key
from graph.ingest.import_file import format_of
from graph.ingest.rows_from_file import read as read_ledger
from graph.ingest.store.identity import identity

SIDES = {
    "party": "payee",
    "merchant": "payee",
    "counterparty": "payee",
    "cardholder": "payer",
    "customer": "payer",
}


def party(name: str, number: int = 0, *, kind: str = "vendor", **keys: str) -> Party:
    """A party of one event; its id is its name unless a number tells it from a namesake."""
    stated_keys = tuple(Key(kind, value, "books") for kind, value in keys.items())
    label = f"{name} {number}" if number else name
    return Party(f"{label} ({kind})", kind, name, stated_keys, frozenset({"books"}), 1)


def clusters(parties: list[Party], found: list[Pair]) -> list[set[str]]:
    """The ids that are one, those of more than one."""
    together = {member.id: {member.id} for member in parties}
    for pair in found:
        if pair.decided == "automatic":
            merged = together[pair.kept] | together[pair.merged]
            for member in merged:
                together[member] = merged
    return [
        set(cluster)
        for cluster in {frozenset(cluster) for cluster in together.values()}
        if len(cluster) > 1
    ]


def are_one(*parties: Party) -> bool:
    return clusters(list(parties), resolve(parties)) == [{party_.id for party_ in parties}]


def are_apart(*parties: Party) -> bool:
    return clusters(list(parties), resolve(parties)) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme Mills Ltd", "ACME MILLS LIMITED"),
        ("Acme Mills Ltd", "Acme Mills"),
        ("Fünf Höfe GmbH", "FUNF HOFE"),
        ("Marsh & Sons LLP", "Marsh and Sons L.L.P."),
        ("Dunmail Cleaning Services Ltd", "Cleaning Services, Dunmail"),
        ("Dunmail Cleaning Services Ltd", "Dunmail Cleaning Svcs"),
        ("Dunmail Waste Management Ltd", "Dunmail Waste Mgmt Ltd"),
        ("Sainsbury's", "SAINSBURYS"),
        ("Laser Quest", "LASERQUEST"),
        ("Brockworth Dairy Ltd", "Brokcworth Dairy"),
        ("Screwfix", "PAYPAL *SCREWFIX"),
        ("Facebook Ads", "FACEBOOK ADS DVD96GN4X2"),
    ],
)
def test_spellings_of_one_party(one, other):
    assert are_one(party(one), party(other, 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kirklees Council", "Calderdale Council"),
        ("Unit 4 Ltd", "Unit 5 Ltd"),
        ("A Smith", "B Smith"),
        ("Anna Smith", "Anne Smith"),
        ("Mr John Keown", "Mr Jon Keown"),
        ("Smith Holdings", "Smith"),
        ("Smith Holdings Ltd", "Smith Ltd"),
        ("Marsh Print Ltd", "Marsh Print LLP"),
        ("Dunmail Dairy Ltd", "Dunmail (North) Dairy Ltd"),
        ("Dunmail Dairy Ltd", "Dunmail Roofing Ltd"),
        ("Dunmail Dairy Ltd", "Dunmail & Sons Dairy Ltd"),
        ("Tesco Stores 2041", "Tesco Stores 3288"),
        ("North Housing", "Northern Housing"),
    ],
)
def test_look_alikes_stay_apart(one, other):
    assert are_apart(party(one), party(other, 2))


def test_one_key_makes_one_party_of_unlike_names():
    old, new = party("Salt Union Ltd", vat_number="GB123"), party("Compass Ltd", vat_number="123")
    (pair,) = resolve([old, new])
    assert pair.decided == "automatic"
    assert "same vat number 123" in pair.reason
    assert pair.evidence["key"] == {"vat_number": "123"}


def test_a_name_does_not_outweigh_two_keys_of_a_kind():
    assert are_apart(party("Acme Ltd", 1, iban="GB1"), party("Acme Ltd", 2, iban="GB2"))
    assert are_one(party("Acme Ltd", 1, iban="GB1"), party("Acme Ltd", 2, vat_number="7"))


def test_a_sources_own_numbers_are_no_key_of_another_source():
    here = Party("1", "vendor", "Marsh Dairy", (Key("supplier_id", "5", "a"),), frozenset("a"), 1)
    there = Party(
        "2", "vendor", "Dunmail Taxis", (Key("supplier_id", "5", "b"),), frozenset("b"), 1
    )
    assert are_apart(here, there)


def test_namesakes_with_different_keys_leave_the_one_without_a_key_to_a_person():
    twins = [party("Acme Ltd", 1, supplier_id="1"), party("Acme Ltd", 2, supplier_id="2")]
    pairs = resolve([*twins, party("Acme Limited", 3)])
    assert {pair.decided for pair in pairs} == {"open"}


def test_a_key_of_many_unlike_names_is_a_placeholder():
    words = [
        "Marsh",
        "Dunmail",
        "Lydworth",
        "Tarngate",
        "Elmwick",
        "Kelthorpe",
        "Saxelgate",
        "Brockworth",
    ]
    strangers = [party(f"{word} {word[::-1]}", supplier_id="VARIOUS") for word in words]
    assert are_apart(*strangers)
    assert are_one(*strangers[:2])  # two names of one key are one party


def test_a_key_of_names_that_differ_in_numbers_is_a_placeholder_too():
    """They share words, and are not spellings of one name."""
    months = [party(f"2018:{month:02} Dementia", supplier_id="BUDGETS") for month in range(1, 13)]
    assert are_apart(*months)


def test_a_name_of_many_keys_is_a_mask():
    masked = [party("REDACTED", number, supplier_id=str(number)) for number in range(1, 13)]
    person = party("Jo Marsh", supplier_id="3")
    assert are_apart(*masked, person, party("Redacted", 13))


def test_kinds_that_may_be_one_party_and_kinds_that_may_not():
    paid = party("A HARTNELL", iban="GB9")
    assert are_one(party("Alice Hartnell", kind="employee", iban="GB9", supplier_id="E1"), paid)
    departments = [
        party("Adult Care", kind="department"),
        party("ADULT CARE", 2, kind="department"),
    ]
    assert are_apart(*departments)


def feed(name: str) -> Party:
    return Party(name, "vendor", name, (), frozenset({"feed"}), 1)


def a_feed() -> list[Party]:
    """Names cut at 18 characters, of parties that nothing else knows."""
    words = ["MARSH", "TARNGATE", "ELMWICK", "KELTHORPE", "SAXELGATE", "LYDWORTH"]
    return [feed(f"{word} STATIONERY EQUIPMENT"[:18]) for word in words]


def test_a_cut_name_belongs_to_what_it_begins_unless_that_is_two():
    whole = party("Brockworth Mechanical Engineering Ltd", supplier_id="1")
    cut = feed("BROCKWORTH MECHANI")
    one = clusters([*a_feed(), cut, whole], resolve([*a_feed(), cut, whole]))
    assert {cut.id, whole.id} in one
    other = party("Brockworth Mechanics Ltd", supplier_id="2")
    pairs = resolve([*a_feed(), cut, whole, other])
    assert not any(
        {cut.id} & cluster for cluster in clusters([*a_feed(), cut, whole, other], pairs)
    )
    assert {pair.decided for pair in pairs if cut.id in (pair.kept, pair.merged)} == {"open"}


def card_feed() -> list[Party]:
    """Names cut at 15 characters, each with another town behind it."""
    words = {"MARSH": "HULL", "TARNGATE": "YORK", "ELMWICK": "BATH", "KELTHORPE": "RIPON"}
    return [feed(f"{f'{word} STATIONERY'[:15]} {town}") for word, town in words.items()]


def test_a_word_behind_a_name_that_the_feed_cut_within_a_word_is_a_place():
    """Each town is there once, so that only the cut before it shows what it is."""
    cut = feed("COLDWICK HOSTIN LEEDS")
    books = [party(f"{word} Stationery Ltd") for word in ("Marsh", "Tarngate", "Elmwick")]
    whole = party("Coldwick Hosting LLP")
    everybody = [*card_feed(), *a_feed_of_21(), *books, cut, whole]
    assert {cut.id, whole.id} in clusters(everybody, resolve(everybody))
    few = [*a_feed_of_21(), cut, whole]
    assert not any(cut.id in cluster for cluster in clusters(few, resolve(few)))


def a_feed_of_21() -> list[Party]:
    words = ["SAXELGATE", "LYDWORTH", "BROCKWORTH", "NORGATE", "HOLLGATE", "RISHOLM", "PENGATE"]
    return [feed(f"{word} ELECTRONICS EQUIPMENT"[:21]) for word in words]


def test_a_feed_cuts_where_it_cuts_several_known_names_though_most_are_shorter():
    names = ["Fenrudgate Dairy Ltd", "Mabzenwick Bank Limited", "Wyverthorpe Taxicabs Limited"]
    cut = [feed(name.upper()[:18]) for name in names]
    short = [feed(f"{word} J") for word in ("HEXBARMERE", "LORSEL", "CODSELBY", "TAMZE", "RUDFEN")]
    whole = [party(name) for name in names]
    everybody = [*cut, *short, *whole]
    joined = clusters(everybody, resolve(everybody))
    expected = [{one.id, other.id} for one, other in zip(cut, whole, strict=True)]
    assert sorted(joined, key=sorted) == sorted(expected, key=sorted)


def test_a_party_is_named_by_the_spelling_that_most_rows_agree_with():
    slip = party("Aldgate Stnadards Institute LLP", 1, iban="1", supplier_id="2")
    plain = party("Aldgate Standards Institute LLP", 2, iban="1")
    cut = Party(
        "3", "vendor", "ALDGATE STANDARDS", (Key("iban", "1", "bank"),), frozenset({"bank"}), 5
    )
    assert {pair.kept for pair in resolve([slip, plain, cut])} == {plain.id}


def test_ids_decide_nothing_between_parties_that_are_alike():
    """Two spellings that differ in capitals only fit a third name equally well."""
    texts = ("DUNULLBURY SIGNS", "Dunullbury Signs & Banners LTD", "Dunullbury Signs & Banners Ltd")
    pairs = set()
    for ids in permutations("123"):
        parties = [replace(party(text), id=one) for text, one in zip(texts, ids, strict=True)]
        text_of = dict(zip(ids, texts, strict=True))
        pairs.add(
            frozenset((text_of[one.kept], text_of[one.merged], one.decided)
                      for one in resolve(parties))
        )  # fmt: skip
    (always,) = pairs
    assert {decided for _, _, decided in always} == {"automatic", "open"}


def test_a_persons_word_counts_for_more_and_the_newest_for_most():
    one, other = party("Acme Ltd", 1, iban="1"), party("Acme Ltd", 2, iban="2")
    merged, apart = (Decision(one.id, other.id, word) for word in ("merge", "apart"))
    assert [pair.decided for pair in resolve([one, other], [merged])] == ["automatic"]
    assert resolve([one, other], [merged, apart]) == []
    assert [pair.decided for pair in resolve([one, other], [apart, merged])] == ["automatic"]
    alike = party("ACME LIMITED")
    assert are_one(one, alike)
    assert resolve([one, alike], [Decision(one.id, alike.id, "apart")]) == []


def test_nobody_and_one():
    assert resolve([]) == []
    assert resolve([party("Acme")]) == []


WORDS = st.sampled_from(
    [
        "acme",
        "mills",
        "dunmail",
        "dunmial",
        "dairy",
        "svcs",
        "services",
        "ltd",
        "limited",
        "4",
        "5",
        "a",
        "b",
    ]
)
KEYS = st.dictionaries(
    st.sampled_from(["iban", "vat_number", "supplier_id"]), st.sampled_from("xyz"), max_size=2
)
NAMES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
PARTIES = st.lists(st.tuples(NAMES, KEYS), max_size=14)


@given(PARTIES, st.randoms(use_true_random=False))
def test_no_cluster_has_two_keys_of_a_kind_and_the_order_is_nothing(drawn, random):
    """The rule that no merge may break, where each party has one key of a kind.

    A key of more than LEAST names may be a placeholder, which is no key: it is left out.
    """
    parties = [party(name, number, **keys) for number, (name, keys) in enumerate(drawn, 1)]
    names_by_key: defaultdict[Key, set[str]] = defaultdict(set)
    for member in parties:
        for key in member.keys:
            names_by_key[key].add(member.name)
    keys_by_id = {
        member.id: [key for key in member.keys if len(names_by_key[key]) <= LEAST]
        for member in parties
    }
    pairs = resolve(parties)
    for cluster in clusters(parties, pairs):
        for kind in ("iban", "vat_number", "supplier_id"):
            values = {key.value for one in cluster for key in keys_by_id[one] if key.kind == kind}
            assert len(values) <= 1
    shuffled = list(parties)
    random.shuffle(shuffled)
    assert resolve(shuffled) == pairs


def test_a_key_of_five_unlike_names_does_not_keep_namesakes_apart():
    """It is a placeholder, so that "Acme" of another number is the same Acme."""
    strangers = [party(name, vat_number="x") for name in ("Mills", "Svcs", "Dunmail", "Dairy")]
    acme = [party("Acme", 1, vat_number="y"), party("Acme", 2, iban="x", vat_number="x")]
    parties = [*acme, *strangers]
    assert clusters(parties, resolve(parties)) == [{one.id for one in acme}]


@given(st.lists(NAMES, unique=True, max_size=15))
def test_the_blocks_leave_out_no_pair_that_would_be_merged(texts):
    """Against all pairs, compared one by one."""
    names = list(dict.fromkeys(read(text) for text in texts))
    common = blocking.commonness(names)
    compared = set(blocking.pairs(names, common))
    for one, other in combinations(range(len(names)), 2):
        alike = compare(names[one], names[other], common)
        if alike is not None and alike.score >= SURE:
            assert (one, other) in compared


def test_each_name_is_compared_with_few():
    """Blocks are bounded: however many names share a word, pairs are no square of names."""
    names = [read(f"Marsh {n % 400} Dairy {n} Ltd") for n in range(5000)]
    compared = sum(1 for _ in blocking.pairs(names, blocking.commonness(names)))
    assert compared <= len(names) * blocking.WIDEST


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_demo_books(seed, tmp_path):
    """Pairs of spellings of one party: found, and no others (the look-alikes among them)."""
    books = write(tmp_path, seed)
    parties, entity_by_name = entities(books.files)
    standing = {party_.id: party_.id for party_ in parties}
    standing |= {p.merged: p.kept for p in resolve(parties) if p.decided == "automatic"}
    spelt = [
        (alias.party, standing[entity_by_name[row.file, row.key, SIDES[spelling.column]]])
        for alias in books.truth.aliases
        for spelling in alias.spellings
        for row in spelling.rows[:1]
    ]
    right = wrong = missed = 0
    for (party_one, one), (party_other, other) in combinations(spelt, 2):
        right += party_one == party_other and one == other
        wrong += party_one != party_other and one == other
        missed += party_one == party_other and one != other
    assert wrong <= 0.005 * right
    assert 2 * right / (2 * right + wrong + missed) >= 0.97


def entities(files: list[Path]) -> tuple[list[Party], dict[tuple[str, str, str], str]]:
    """The files' entities as an import makes them, and which one each side of each row names."""
    keys: dict[str, set[Key]] = {}
    facts: dict[str, tuple[str, str]] = {}
    sources: dict[str, set[str]] = {}
    entity_by_name: dict[tuple[str, str, str], str] = {}
    for file in (path for path in files if path.suffix == ".csv"):
        by = format_of(file)
        for row in read_ledger(file, by):
            for side in ("payer", "payee"):
                party_stated = getattr(row, side)
                entity = f"{party_stated.kind} {identity(party_stated)}"
                entity_by_name[file.name, row.key, side] = entity
                facts.setdefault(entity, (party_stated.kind, party_stated.name))
                keys.setdefault(entity, set()).update(Key(*k, by.source) for k in party_stated.keys)
                sources.setdefault(entity, set()).add(by.source)
    events = Counter(entity_by_name.values())
    parties = [
        Party(e, *facts[e], tuple(sorted(keys[e], key=str)), frozenset(sources[e]), events[e])
        for e in facts
    ]
    return parties, entity_by_name
