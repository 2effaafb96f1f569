"""Payments before they are made: verdicts by hand, and the verdicts that an import would give."""

from argparse import Namespace
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.test.utils import override_settings

from benchmarks import layers, payruns
from finley.demo import books as demo_books
from graph.enrich import decision_counts
from graph.enrich.check.candidate_payment import Candidate
from graph.enrich.run_enrichment import enrich
from graph.errors import QuestionError
from graph.ingest.import_file import format_of, import_file
from graph.ingest.ledger_rows import Party
from graph.models import NormalizedEntity, RawEvent
from graph.questions import check as checking
from graph.questions.check import check
from graph.questions.decisions import resolutions
from graph.reading import memory_cache
from graph.view import version
from tests.graph import rows
from tests.graph.enrich.test_decision_counts import case
from tests.graph.enrich.write.test_write_links import BANK, LEDGER
from tests.graph.questions.test_open_items import invoice, paid

RUN = date(2024, 7, 1)
ACME = Party("vendor", "Acme Mills Ltd", (("supplier_id", "V14"),))


def candidate(key: str = "1", **values) -> Candidate:
    usual = {"day": RUN, "amount": Decimal("650.00"), "currency": "GBP", "party": ACME}
    return Candidate(key, **{**usual, "number": "INV-70001", **values})


@pytest.fixture
def take(tenant, tmp_path):
    def import_and_enrich(*, ledger: str = "", bank: str = "") -> None:
        for name, text in {"ledger": LEDGER + ledger, "bank": BANK + bank}.items():
            if text.count("\n") > 1:
                path = tmp_path / f"{name}.csv"
                path.write_text(text)
                import_file(tenant.id, path, format_of(path), tmp_path)
        enrich(tenant.id)

    return import_and_enrich


def verdicts(user_id, *candidates, **options):
    return [one["verdict"] for one in check(user_id, candidates, **options)["results"]]


def kinds(result):
    return [one["verdict"] for one in result["findings"]]


BOUGHT = invoice("L1", "03-01", "650.00", "INV-70001", "2024-03-31")
MONTHS = "".join(
    invoice(f"M{n}", f"0{n}-05", f"{600 + 30 * n}.00", f"INV-6000{n}", f"2024-0{n}-28")
    + invoice(f"N{n}", f"0{n}-06", "75.00", f"INV-5000{n}", f"2024-0{n}-28")
    for n in range(1, 6)
)
PAID = "".join(
    paid(f"P{n}", f"0{n}-27", f"-{600 + 30 * n}.00", f"INV-6000{n}") for n in range(1, 6)
)


def test_an_open_invoice_may_be_paid(tenant, take):
    take(ledger=BOUGHT + MONTHS, bank=PAID)
    answer = check(tenant.id, [candidate()])
    (one,) = answer["results"]
    assert (one["verdict"], one["confidence"], one["party"]) == ("fine", None, "Acme Mills Ltd")
    (pays,) = one["pays"]
    assert (pays["key"], pays["settles"], pays["records"]) == ("L1", 650, "obligation")
    assert answer["source"] == "finley-demo.bank"


def test_an_invoice_that_is_settled_is_paid_already(tenant, take):
    take(ledger=BOUGHT + MONTHS, bank=PAID + paid("B1", "04-01", "-650.00", "INV-70001"))
    (one,) = check(tenant.id, [candidate()])["results"]
    assert one["verdict"] == "already_paid"
    assert {row["key"] for row in one["findings"][0]["rows"]} >= {"B1"}
    assert one["confidence"] >= 0.9
    assert "INV-70001" in one["in_words"]


def test_the_same_number_and_amount_again_is_paid_already(tenant, take):
    take(bank=PAID)
    again = candidate(amount=Decimal("690.00"), number="INV-60003", party=Party("vendor", "ACME MILLS", (("iban", "GB14"),)))  # fmt: skip  # noqa: E501
    (one,) = check(tenant.id, [again])["results"]
    assert one["verdict"] == "already_paid"
    assert [row["key"] for row in one["findings"][0]["rows"]] == ["P3"]
    assert one["findings"][0]["rows"][0]["relationship_id"]


def test_a_kind_that_people_have_turned_down_is_no_surer_than_their_record(tenant, take):
    take(bank=PAID)
    known = Party("vendor", "ACME MILLS", (("iban", "GB14"),))
    again = candidate(amount=Decimal("690.00"), number="INV-60003", party=known)
    assert verdicts(tenant.id, again) == ["already_paid"]
    for _ in range(decision_counts.ENOUGH):
        case(tenant.id, "dismissed")
    (one,) = check(tenant.id, [again])["results"]
    assert (one["verdict"], one["confidence"]) == ("duplicate", 0)
    assert "turned down: 0 of 20" in one["in_words"]


def test_candidates_are_compared_with_one_another(tenant, take):
    take(ledger=BOUGHT + MONTHS, bank=PAID)
    first, other = check(tenant.id, [candidate("1"), candidate("2", day=date(2024, 7, 3))])["results"]  # fmt: skip  # noqa: E501
    assert other["verdict"] == "already_paid"
    assert {row["candidate"] for one in other["findings"] for row in one["rows"]} >= {"1"}
    assert all(row["relationship_id"] is None for one in other["findings"] for row in one["rows"] if row["candidate"])  # fmt: skip  # noqa: E501
    assert first["verdict"] != "fine"  # nobody says which of the two is the mistake


def test_equal_candidates_of_one_day_are_lines_of_one_invoice(tenant, take):
    take(bank=PAID)
    one, other = verdicts(tenant.id, candidate("1", number=""), candidate("2", number=""))
    assert one == other


def test_another_bank_account_of_a_known_party(tenant, take):
    take(bank=PAID)
    known, new = Party("vendor", "ACME MILLS", (("iban", "GB14"),)), (("iban", "GB99"),)
    answers = check(tenant.id, [
        candidate("1", number="N1", party=known),
        candidate("2", number="N2", party=Party("vendor", "Acme Mills", new)),
    ])["results"]  # fmt: skip
    assert "new_bank_details" not in kinds(answers[0])
    assert answers[1]["verdict"] == "new_bank_details"
    assert answers[1]["findings"][0]["rows"][-1]["key"] == "P5"
    assert "GB14" in answers[1]["in_words"]


def test_amounts_that_the_party_is_never_paid(tenant, take):
    take(ledger=MONTHS, bank=PAID)
    much, little, usual = (
        candidate(str(n), amount=Decimal(amount), number="")
        for n, amount in enumerate(["6040.00", "60.40", "680.00"])
    )
    answers = check(tenant.id, [much, little, usual])["results"]
    assert kinds(answers[0])[:2] == ["over_limit", "unusual_amount"]
    assert answers[1]["verdict"] == "unusual_amount"
    assert {"over_limit", "unusual_amount"} & set(kinds(answers[2])) == set()


def test_what_nobody_expects(tenant, take):
    take(ledger=MONTHS, bank=PAID)
    stranger = candidate("1", party=Party("vendor", "Zephyr Quartz"), number="Z-1234")
    unnamed = candidate("2", amount=Decimal("700.00"), number="INV-88888")
    first, second = check(tenant.id, [stranger, unnamed])["results"]
    assert (first["verdict"], first["party_id"]) == ("not_expected", None)
    assert second["verdict"] == "not_expected"
    assert "no invoice" in second["in_words"].casefold()


def test_other_currencies_are_other_payments_and_nothing_is_no_payment(tenant, take):
    take(bank=PAID)
    of_acme = Party("vendor", "ACME MILLS", (("iban", "GB14"),))
    again = candidate("1", amount=Decimal("690.00"), number="INV-60003", party=of_acme)
    answers = check(
        tenant.id, [again, replace(again, id="2", currency="EUR"), replace(again, id="3", amount=Decimal(0))]  # noqa: E501
    )["results"]  # fmt: skip
    assert [one["verdict"] for one in answers] == ["already_paid", "fine", "fine"]


def test_books_without_payments(tenant):
    answer = check(tenant.id, [candidate("1"), candidate("2", number="INV-9")])
    assert (answer["payments_compared"], answer["books_until"]) == (0, None)
    assert {one["verdict"] for one in answer["results"]} == {"not_expected"}


def test_nothing_is_stored(tenant, take):
    take(bank=PAID)
    before = RawEvent.objects.using("owner").count()
    check(tenant.id, [candidate()])
    assert RawEvent.objects.using("owner").count() == before


def test_another_tenants_books_never_count(tenant, other_tenant, take, tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_text(BANK + PAID + paid("B1", "04-01", "-650.00", "INV-70001"))
    import_file(other_tenant.id, path, format_of(path), tmp_path)
    enrich(other_tenant.id)
    take(bank=paid("Q1", "02-01", "-10.00", "INV-1", party="Grocer"))
    answer = check(tenant.id, [candidate()])
    assert answer["payments_compared"] == 1
    assert answer["results"][0]["verdict"] == "not_expected"
    assert "P" not in {row["key"][0] for one in answer["results"][0]["findings"] for row in one["rows"]}  # fmt: skip  # noqa: E501


@pytest.mark.parametrize(
    ("run", "options", "words"),
    [
        ([candidate("1"), candidate("1")], {}, "same id"),
        ([candidate("P1")], {}, "already"),
        ([candidate("1")], {"source": "nowhere"}, "no source"),
    ],
)
def test_runs_that_cannot_be_checked(run, options, words, tenant, take):
    take(bank=PAID)
    with pytest.raises(QuestionError, match=words):
        check(tenant.id, run, **options)


def test_books_are_read_again_when_they_have_changed(tenant, take, tmp_path, monkeypatch):
    take(bank=PAID)
    reads: list[object] = []
    read = checking.payment_history.read
    monkeypatch.setattr(
        checking.payment_history, "read", lambda user: reads.append(user) or read(user)
    )
    with override_settings(CHECKS_MEMORY=2**24):
        run = [candidate("1", number="INV-70009", amount=Decimal("77.10"))]
        before = [verdicts(tenant.id, *run) for _ in range(2)]
        assert len(reads) == 1
        take(bank=PAID + paid("B9", "06-20", "-77.10", "INV-70009"))
        after = verdicts(tenant.id, *run)
        assert len(reads) == 2
    memory_cache.histories.forget()
    assert before[0] == before[1] != after


def test_a_decision_on_parties_counts_at_once(tenant, take):
    """It may change no row that a graph shows: the parties were not merged before."""
    take(bank=PAID)
    spelling = candidate("1", number="INV-60003", amount=Decimal("690.00"), party=Party("vendor", "Acme Milling Mills"))  # fmt: skip  # noqa: E501
    stranger = rows.entity(tenant.id, "Acme Milling Mills", kind="vendor")
    acme = NormalizedEntity.objects.using("owner").get(user_id=tenant.id, name="ACME MILLS")
    with override_settings(CHECKS_MEMORY=2**24):
        before = version.version(tenant.id)
        assert checking.books(tenant.id) is checking.books(tenant.id)
        kept = checking.books(tenant.id)
        resolutions.one_party(tenant.id, stranger.id, acme.id, "apart", by="a person")
        assert version.version(tenant.id) == before
        assert checking.books(tenant.id) is not kept
        assert [one.decided for one in checking.books(tenant.id).decisions] == ["apart"]
        assert check(tenant.id, [spelling])["results"][0]["party"] == "Acme Milling Mills"
    memory_cache.histories.forget()


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        ("small", 3),
        *(
            pytest.param(kind, seed, marks=pytest.mark.thorough)
            for kind in ("generator", "other_generator")
            for seed in range(1, 6)
        ),
    ],
)
def test_an_import_and_the_enrichment_say_the_same(kind, seed, tenant, tmp_path):
    for path, by in files(kind, seed, tmp_path):
        import_file(tenant.id, path, by, tmp_path)
    enrich(tenant.id)
    books = checking.books(tenant.id)
    run = payruns.of_books(books, 120, seed)
    run += payruns.strangers(run)
    mine = payruns.checked(tenant.id, run)
    payruns.imported(tenant.id, books, run, tmp_path)
    enrich(tenant.id)
    assert mine == payruns.judged(tenant.id, books.usual_source, run)
    assert len(Counter(verdict for _, verdict, *_ in mine)) >= 5, "it has something to say"


def files(kind, seed, folder):
    if kind != "small":
        options = Namespace(jitter=2, missed=0.05, months=None)
        return layers.MAKERS[kind](folder, seed, options)[0]
    made = demo_books.write(folder, seed, months=6, scale=0.3, staff=8)
    return [(path, format_of(path)) for path in made.files if path.suffix == ".csv"]
