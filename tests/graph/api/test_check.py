"""A check of payments over HTTP and by the command: what is refused, and where it is wrong."""

import json

import pytest
from django.core.management import CommandError, call_command

from graph.models import RepeatedRequest
from tests.conftest import client_of
from tests.graph.api.shapes import V1

PATH = f"{V1}check/"
PAYMENT = {
    "date": "2024-03-31", "amount": "120.50", "currency": "GBP", "party": "Acme 100% Wool",
}  # fmt: skip


def asked(api, *payments, **more):
    return api.post(PATH, {"payments": list(payments), **more}, format="json")


def test_a_payment_is_checked_and_a_token_that_reads_is_enough(tenant, books):
    api, payment = client_of(tenant, "read"), {**PAYMENT, "number": "INV-7"}
    headers = {"Idempotency-Key": "nothing is stored by it"}
    answer = api.post(PATH, {"payments": [payment]}, format="json", headers=headers)
    assert answer.status_code == 200, answer.content
    facts = answer.json()
    assert sum(facts["counts"].values()) == len(facts["results"]) == 1
    (one,) = facts["results"]
    assert (one["id"], one["amount"], one["party"]) == ("payment 1", "120.5000", PAYMENT["party"])
    assert one["party_id"] == str(books.acme)
    assert not RepeatedRequest.objects.using("owner").exists()


def test_each_wrong_value_is_named_with_its_payment(api, books):
    answer = asked(
        api,
        PAYMENT,
        {**PAYMENT, "amount": "-1", "colour": "red"},
        {**PAYMENT, "date": "31/03/2024", "currency": "pounds"},
    )
    assert answer.status_code == 400
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "#/payments/1/amount", "#/payments/1/colour", "#/payments/2/date", "#/payments/2/currency",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"payments": []}, "#/payments"),
        ({}, "#/payments"),
        ([PAYMENT], "#"),
        ({"payments": [7]}, "#/payments/0"),
        ({"payments": [[PAYMENT]]}, "#/payments/0"),
        ({"payments": [{**PAYMENT, "amount": "1000000000000"}]}, "#/payments/0/amount"),
        ({"payments": [PAYMENT], "source": "nowhere"}, "#/source"),
        ({"payments": [{**PAYMENT, "id": "a"}, {**PAYMENT, "id": "a"}]}, "#/payments"),
    ],
)
def test_runs_that_are_refused(body, pointer, api, books):
    answer = api.post(PATH, body, format="json")
    assert answer.status_code == 400
    assert all(error["pointer"].startswith(pointer) for error in answer.json()["errors"])


def test_a_csv_and_a_json_file_say_the_same(tenant, books, tmp_path, capsys):
    csv, array = tmp_path / "run.csv", tmp_path / "run.json"
    csv.write_text(
        "Payment date;Net amount;Supplier name;Invoice number\n"
        "2024-03-31;120.50;Acme 100% Wool;INV-7\n\n2024-04-01;0;Borough;\n"
    )
    payment = {**PAYMENT, "number": "INV-7"}
    del payment["currency"]
    nothing = {"date": "2024-04-01", "amount": 0, "party": "Borough"}
    array.write_text(json.dumps([payment, nothing]))
    options = {"user": str(tenant.id), "currency": "GBP", "json": True}
    facts = []
    for path in (csv, array):
        with pytest.raises(SystemExit, match="1"):
            call_command("check_payments", path, **options)
        facts.append(json.loads(capsys.readouterr().out))
    assert facts[0] == facts[1]
    assert [one["party"] for one in facts[0]["results"]] == ["Acme 100% Wool", "Borough"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("run.csv", "date,amount,currency,party\n2024-01-01,1,GBP,A\n2024-13-01,x,GBP,A\n",
         r"line 3: date: .*\n.*line 3: amount: "),
        ("run.csv", "date,amount,currency,party\n2024-01-01,1,GBP\n", "line 2: .*cells"),
        ("run.csv", "date,amount,currency,party,colour\n", "line 1: unknown columns colour"),
        ("run.csv", "date,amount,currency,party\n", "0 payments"),
        ("run.json", '[{"date": "2024-01-01"}, 7]', "payment 2: is not an object"),
        ("run.json", '[{"date": "2024-01-01", "amount": 1, "party": "A"}]',
         "payment 1: currency"),
        ("run.json", "{", "is no JSON"),
        ("run.json", "[]", "0 payments"),
        ("none.csv", None, "No such file"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("books")
def test_files_that_are_refused(name, text, words, tenant, tmp_path):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(CommandError, match=words):
        call_command("check_payments", path, user=str(tenant.id))


def test_the_command_says_it_in_words(tenant, books, tmp_path, capsys):
    path = tmp_path / "run.csv"
    path.write_text("date,amount,currency,party\n2024-03-31,5.00,GBP,Zephyr Quartz\n")
    with pytest.raises(SystemExit, match="1"):
        call_command("check_payments", path, user=str(tenant.id))
    text = capsys.readouterr().out
    assert "payment 1: not expected" in text
    assert "1 payments against" in text
