"""The page on which an owner exports everything and has everything erased."""

import re

from asgiref.sync import async_to_sync
from django.core import mail
from django.test import Client, override_settings

from finley.models import Erasure, Role
from finley.tenant_data import work
from graph.database.role import as_owner
from syncjobs.models import TenantExport
from tests.finley.api.test_session import member_of
from tests.finley.web.conftest import text_of
from tests.finley.web.test_account import at
from tests.leaks import whole


def test_an_owner_makes_an_export_and_downloads_it(client, tenant, books):
    form = {"tenant": str(tenant.pk)}
    text = text_of(client.post("/data/export/", form, follow=True))
    assert "waits for a worker" in text
    assert "Look whether it is ready" in text
    assert "Left out are passwords, tokens and other secrets, and what rows were before" in text
    work.work()
    text = text_of(client.get("/data/"))
    address = re.search(r'href="(/data/exports/[^"]+)"', text)[1]
    answer = client.get(address)
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    assert async_to_sync(whole)(answer).startswith(b"PK")
    client.post(f"{address}delete/", form)
    assert client.get(address).status_code == 404


def test_an_owner_has_everything_erased_or_thinks_better_of_it(client, tenant, books):
    form = {"tenant": str(tenant.pk)}
    refused = client.post("/data/erase/", {**form, "confirm": "yes"})
    assert refused.status_code == 400
    assert f"type the tenant&#x27;s name ({tenant.email})" in text_of(refused)
    with override_settings(EMAIL_HOST_NAME="mail.example"):
        text = text_of(client.post("/data/erase/", {**form, "confirm": tenant.email}))
    (message,) = mail.outbox
    assert message.to == [tenant.email]
    assert "cancel it on the page /data/" in message.body
    address = re.search(r"http://testserver(/api/v1/erasures/[^<]+/)", text)[1]
    assert Client().get(address).json()["state"] == "waiting"
    assert "Everything will be erased after" in text
    assert address not in text_of(client.get("/data/"))
    client.post("/data/keep/", form)
    assert Client().get(address).status_code == 404
    assert "Type tenant" in text_of(client.get("/data/")).replace(tenant.email, "tenant")


def test_others_see_no_such_page_and_a_form_must_name_its_tenant(client, tenant, books):
    for form in ({}, {"tenant": "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f"}):
        assert client.post("/data/export/", form).status_code == 400
        assert client.post("/data/erase/", {**form, "confirm": tenant.email}).status_code == 400
    reviewer = at(tenant, member_of(tenant, Role.REVIEWER))
    assert reviewer.get("/data/").status_code == 403
    assert "/data/" not in text_of(reviewer.get("/account/"))
    with as_owner():
        assert not TenantExport.objects.exists()
        assert not Erasure.objects.exists()
