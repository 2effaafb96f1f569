"""The admin's sidebar: sections by job to be done, with what a person may see."""

import re
from collections import Counter

import pytest
from django.contrib import admin
from django.test import Client

from finley import sidebar
from finley.models import User
from graph.database.role import as_owner
from tests.finley.test_admin import logged_in
from tests.syncjobs.test_admin import person, text_of

pytestmark = pytest.mark.usefixtures("committed")


def sections(client: Client) -> dict[str, list[str]]:
    text = text_of(client.get("/admin/")).split('id="nav-sidebar-apps"')[1].split("</nav>")[0]
    links = {}
    for part in re.split(r"<h2", text)[1:]:
        title = part.split(">", 1)[1].split("<")[0].strip()
        links[title] = re.findall(r'href="([^"]+)"', part.split("</ol>")[0])
    return links


def test_every_named_table_exists_and_is_named_once():
    labels = Counter(label for links in sidebar.SECTIONS.values() for _, label in links)
    assert set(labels) <= {model._meta.label_lower for model in admin.site._registry}
    assert set(labels.values()) == {1}


def test_staff_finds_every_table_by_what_it_is_for(committed, monkeypatch):
    with as_owner():
        staff = logged_in(User.objects.create_superuser("staff@example.org"))
    monkeypatch.setitem(sidebar.SECTIONS, "Access", sidebar.SECTIONS["Access"][1:])
    links_by_section = sections(staff)
    assert list(links_by_section) == ["Operate", "Review", "Books", "Access", "Other"]
    assert "/admin/finley/user/" in links_by_section["Other"]
    places = [place for links in links_by_section.values() for place in links]
    assert len(places) == len(set(places)) == len(admin.site._registry)
    for place in links_by_section["Operate"]:
        assert staff.get(place).status_code == 200


def test_a_person_sees_only_what_they_may():
    links_by_section = sections(person("view_jobfailure", "view_user"))
    assert links_by_section == {
        "Operate": ["/admin/syncjobs/jobfailure/", "/admin/syncjobs/replaybatch/"],
        "Access": ["/admin/finley/user/"],
    }
    assert sections(person()) == {}
