"""`make_mapping`, and the mapping that a tenant has saved for files of one layout."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from finley.models import User
from graph import models
from graph.ingest.guessing.as_toml import as_toml
from graph.ingest.import_file import usual_currencies
from graph.ingest.mappings import from_toml, ready_formats, saved_mappings
from graph.ingest.rows_from_file import read

Write = Callable[..., Path]
UNSURE = "Date,Description,Amount\n13/02/2025,Thing one,12.00\n14/03/2025,Thing two,15.00\n"


def make(*arguments: object) -> str:
    out = StringIO()
    call_command("make_mapping", *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def ledger(*arguments: object) -> str:
    out = StringIO()
    call_command("import_ledger", *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.parametrize("name", sorted(ready_formats.ready()))
def test_ready_formats_survive_as_toml(name: str) -> None:
    by = ready_formats.ready()[name]
    again = from_toml.loads("x", as_toml(by))
    assert (again.key, again.date, again.amount) == (by.key, by.date, by.amount)
    assert (again.payer, again.payee, again.fields) == (by.payer, by.payee, by.fields)
    assert (again.aliases, again.recognise) == (by.aliases, by.recognise)
    assert again.header == by.header
    assert (again.records, again.skip) == (by.records, by.skip)


def test_make_mapping_prints_what_is_not_sure(write: Write) -> None:
    text = make(write(UNSURE, "things.csv"))
    assert "# not sure: every amount is positive" in text
    assert from_toml.loads("printed", text).amount.column == "amount"


def test_make_mapping_writes_a_file(write: Write, tmp_path: Path) -> None:
    out = tmp_path / "own.toml"
    make(write(UNSURE, "things.csv"), "--direction", "in", "--output", out)
    assert from_toml.load(out).amount.positive == "payer_receives"
    with pytest.raises(CommandError, match=r"none.own\.toml cannot be written"):
        make(write(UNSURE), "--output", tmp_path / "none" / "own.toml")


@pytest.mark.usefixtures("committed")
class TestSaved:
    def test_it_is_used_for_the_next_file_of_that_header(
        self, write: Write, tenant: User, other_tenant: User, tmp_path: Path
    ) -> None:
        path = write(UNSURE, "things.csv")
        with pytest.raises(CommandError, match=r"--direction out +--direction in"):
            ledger(path, "--user", tenant.id, "--no-enrich", "--rejects", tmp_path)
        make(path, "--direction", "in", "--save", "--user", tenant.id)
        later = write("Title\n\n" + UNSURE.replace("/03/", "/04/"), "april.csv")
        report = json.loads(
            ledger(later, "--user", tenant.id, "--no-enrich", "--rejects", tmp_path, "--json")
        )
        assert report["rows_stored"] == 2
        names = models.RawEvent.objects.using("owner").filter(posting=2, amount__lt=0)
        assert sorted(event.party_name for event in names) == ["Thing one", "Thing two"]
        with pytest.raises(CommandError, match="it can be read in two ways"):
            ledger(later, "--user", other_tenant.id, "--no-enrich", "--rejects", tmp_path)

    def test_what_is_decided_now_goes_before_it(self, write: Write, tenant: User) -> None:
        path = write(UNSURE, "things.csv")
        make(path, "--direction", "in", "--save", "--user", tenant.id)
        make(path, "--direction", "out", "--save", "--user", tenant.id)
        stored_mapping = saved_mappings.find(tenant.id, path)
        assert stored_mapping is not None
        assert stored_mapping.amount.positive == "payer_pays"
        assert models.SavedMapping.objects.using("owner").count() == 1

    def test_one_for_an_ambiguous_file_without_a_header_is_not_kept(
        self, write: Write, tenant: User
    ) -> None:
        rows = "14.02.2026,Acme,-1.50,2.00\n15.02.2026,Bo,2.10,9.30\n16.02.2026,Eon,-3.20,-6.00\n"
        path = write(rows, "bank.csv")
        with pytest.raises(CommandError, match="the file has no header"):
            make(path, "--save", "--user", tenant.id, "--amount", "Column 3")
        assert saved_mappings.of_tenant(tenant.id) == {}

    def test_another_accounts_file_is_that_accounts(self, write: Write, tenant: User) -> None:
        head = '"Konto";"{}"\n\n"Buchungstag";"Empfänger";"Betrag";"Währung"\n'
        rows = '"15.01.2025";"Stadtwerke";"-60,00";"EUR"\n"16.01.2025";"Laden";"-6,00";"EUR"\n'
        one, two = "DE02120300000000202051", "DE02500105170137075030"
        path = write(head.format(one) + rows, "one.csv")
        make(path, "--save", "--user", tenant.id)
        stored_mapping = saved_mappings.find(tenant.id, write(head.format(two) + rows, "two.csv"))
        assert stored_mapping is not None
        assert (stored_mapping.key.account, stored_mapping.payer.default) == (two, two)

    def test_it_reads_the_same_columns_with_another_delimiter(
        self, write: Write, tenant: User
    ) -> None:
        make(write(UNSURE, "things.csv"), "--direction", "in", "--save", "--user", tenant.id)
        continental = UNSURE.replace(",", ";").replace(".00", ",50")
        path = write(continental, "other.csv")
        by = saved_mappings.find(tenant.id, path)
        assert by is not None
        assert [f"{row.amount:.2f}" for row in read(path, by)] == ["-12.50", "-15.50"]

    def test_the_currency_of_the_tenants_books_holds_for_files_without_one(
        self, write: Write, tenant: User, other_tenant: User, tmp_path: Path
    ) -> None:
        options = ("--no-enrich", "--rejects", tmp_path, "--user")
        stated = "Date,Supplier,Amount,Currency\n2026-03-13,Fern,12.00,NOK\n"
        ledger(write(stated, "books.csv"), *options, tenant.id)
        assert usual_currencies(tenant.id)[""] == "NOK"
        assert usual_currencies(other_tenant.id) == {}
        ledger(
            write("Date,Supplier,Amount\n2026-03-14,Moss,7.00\n", "more.csv"), *options, tenant.id
        )
        events = models.RawEvent.objects.using("owner").filter(user_id=tenant.id, amount=7)
        assert {event.currency for event in events} == {"NOK"}

    def test_saving_needs_a_user(self, write: Write) -> None:
        with pytest.raises(CommandError, match="--save needs --user"):
            make(write(UNSURE), "--save")
