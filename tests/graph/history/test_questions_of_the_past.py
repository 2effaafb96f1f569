"""Questions that are asked as of a version have the answers that they had then."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from finley.server import kept_answers
from graph.database.role import as_owner
from graph.enrich.run_enrichment import enrich
from graph.history import row_triggers
from graph.history.recorded_tables import OPERATIONS
from graph.ingest.import_file import format_of, import_file
from graph.models import TenantPreference
from graph.view import refresh
from graph.view.triggers import EVERYBODY
from tests.conftest import client_of
from tests.graph import rows

V1 = "/api/v1/graph/"
TODAY = "today=2025-03-31"
LISTS = (
    "relationships/?limit=200",
    "relationships/?edges=all&order=oldest&limit=200",
    "relationships/?group=party",
    "relationships/?group=category",
    f"cash-flow/?{TODAY}",
    f"spend/?{TODAY}",
    f"spend/?by=category&{TODAY}",
    f"open-items/?{TODAY}",
    f"due/?{TODAY}&until=2025-12-31&limit=500",
    f"insights/fraud/?{TODAY}",
    f"insights/prediction/?{TODAY}&limit=200",
    f"insights/temporal/?{TODAY}",
    "reconcile/",
    "cases/?limit=500",
)


def execute(statement: str, *parameters: Any) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)


def asked(api, path: str, as_of: str = "") -> Any:
    """The answer without its version, which is always the current one."""
    response = api.get(
        f"{V1}{path}{'&' if '?' in path else '?'}as_of={as_of}" if as_of else V1 + path
    )
    assert response.status_code == 200, response.json()
    answer = response.json()
    answer.pop("as_of_version", None)
    return answer


def paths(api) -> list[str]:
    """The lists, and some of the things that are listed."""
    case = api.get(V1 + "cases/").json()["results"][0]["id"]
    flow = api.get(V1 + "insights/fraud/").json()["results"][0]
    return [
        *LISTS,
        f"cases/{case}/",
        f"relationships/{flow['id']}/?{TODAY}",
        f"relationships/{flow['id']}/explain/?{TODAY}",
        f"entities/{flow['target']['id']}/",
    ]


def version(api) -> str:
    return api.get(V1 + "relationships/?limit=1").json()["as_of_version"]


def written(folder: Path, name: str, months: range) -> Path:
    """Write a ledger: rent of each month, one of them twice, and other payments."""
    lines = ["Transaction number,Date,Supplier,Department,Amount,Invoice number,Description"]
    for month in months:
        day = f"2024-{month:02}-05" if month <= 12 else f"2025-{month - 12:02}-05"
        lines += [
            f"R{month},{day},Landlord Ltd,Office,1234.50,L{month},rent",
            f"M{month},{day},Mill & Sons,Kitchen,{100 + 7 * month}.00,M{month},flour",
            f"D{month},{day},Dairy,Kitchen,{month}.50,D{month},milk",
        ]
        if month % 5 == 0:
            lines.append(f"S{month},{day[:-2]}19,Landlord Ltd,Office,1234.50,L{month},rent")
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def imported(user, path: Path) -> None:
    import_file(user.id, path, format_of(path), path.parent)


def changes(api, user, folder: Path) -> Iterator[str]:
    """Change the books, one way after another. Yield what was done."""
    imported(user, written(folder, "spring.csv", range(13, 16)))
    yield "imported"
    enrich(user.id)
    yield "enriched"
    case = api.get(V1 + "cases/").json()["results"][0]["id"]
    decided = api.post(f"{V1}cases/{case}/decide/", {"action": "dismiss", "note": "no"}, "json")
    assert decided.status_code == 200, decided.json()
    refresh.refresh()
    one, other = (
        row["id"] for row in api.get(V1 + "entities/?kind=vendor&limit=2").json()["results"]
    )
    body = {"one": one, "other": other, "decision": "merge"}
    merged = api.post(f"{V1}resolutions/", body, "json")
    assert merged.status_code == 200, merged.json()
    yield "decided and merged"
    execute(
        "UPDATE raw_events SET amount = amount * 2, description = 'x' WHERE user_id = %s", user.id
    )
    execute(
        "DELETE FROM relationship_instances WHERE user_id = %s AND edge_class = 'link'", user.id
    )
    yield "written by hand"


def test_each_question_has_the_answer_that_it_had_then(tenant, api, tmp_path):
    imported(tenant, written(tmp_path, "year.csv", range(1, 13)))
    enrich(tenant.id)
    refresh.refresh()
    questions = paths(api)
    then = {"begun": (version(api), [asked(api, path) for path in questions])}
    for what in changes(api, tenant, tmp_path):
        then[what] = version(api), [asked(api, path) for path in questions]
    assert len({str(answers) for _, answers in then.values()}) == len(then)
    wrong = [
        (what, path)
        for what, (of_version, answers) in then.items()
        for path, answer in zip(questions, answers, strict=True)
        if asked(api, path, of_version) != answer
    ]
    assert wrong == []
    since = then["begun"][0]
    fed = api.get(f"{V1}changes/", {"since": since}).json()
    diff = api.get(f"{V1}diff/", {"from": since, "limit": 1000}).json()
    assert diff["next"] is None
    for part in ("entities", "edges"):
        for name in ("added", "removed", "merged", "split"):
            assert diff[part].get(name) == fed[part].get(name)
        rows = {row["id"]: row for row in fed[part]["changed"]}
        assert all(rows[row["id"]] == row for row in diff[part]["changed"])
    assert min(diff["counts"]["edges"].values()) > 0
    assert diff["entities"]["merged"]
    back = api.get(f"{V1}diff/", {"from": version(api), "to": since})
    assert [error["pointer"] for error in back.json()["errors"]] == ["#/to"]


def test_a_day_means_what_was_known_at_its_end(tenant, api):
    payment = rows.payment(tenant.id, rows.entity(tenant.id, "A"), rows.entity(tenant.id, "B"))
    refresh.refresh()
    execute("UPDATE recorded_transactions SET recorded_at = recorded_at - interval '3 days'")
    execute("UPDATE relationship_instances SET deleted_at = now() WHERE id = %s", payment)
    today = timezone.now().date()
    assert asked(api, "relationships/")["results"] == []
    for back, count in ((0, 0), (1, 1), (2, 1), (3, 1)):
        day = today - timedelta(days=back)
        assert len(asked(api, "relationships/", str(day))["results"]) == count
    response = api.get(f"{V1}relationships/?as_of={today - timedelta(days=4)}")
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error["pointer"] == "#/as_of"
    assert str(today - timedelta(days=3)) in error["detail"]
    yesterday = today - timedelta(days=1)
    assert "Memento-Datetime" in api.get(f"{V1}relationships/?as_of={yesterday}")
    for days, removed in (({"from": yesterday}, [str(payment)]), ({"from": today}, [])):
        assert api.get(f"{V1}diff/", days).json()["edges"]["removed"] == removed
    for name, day in (("from", today - timedelta(days=4)), ("to", today + timedelta(days=1))):
        response = api.get(f"{V1}diff/", {"from": yesterday, name: day})
        assert [error["pointer"] for error in response.json()["errors"]] == [f"#/{name}"]


def recorded_days_ago(tenant, days: int) -> None:
    """Let the tenant's payments be known since that many days."""
    rows.payment(tenant.id, rows.entity(tenant.id, "A"), rows.entity(tenant.id, "B"))
    refresh.refresh()
    execute(
        "UPDATE recorded_transactions SET recorded_at = recorded_at - %s::interval "
        "WHERE user_id IN (%s, %s)",
        f"{days} days",
        tenant.id,
        EVERYBODY,
    )


@pytest.mark.usefixtures("kept_answers")
@pytest.mark.parametrize("path", ["relationships/", "reconcile/", "cash-flow/", "spend/"])
def test_each_way_of_an_answer_names_its_moment(tenant, api, path):
    recorded_days_ago(tenant, 3)
    url = f"{V1}{path}?as_of={timezone.now().date() - timedelta(days=2)}"
    first = api.get(url)
    same = {"If-None-Match": first.headers["ETag"]}
    answers = [api.get(url), api.get(f"{url}&"), api.get(url, headers=same)]
    kept_answers.replies.forget()
    answers += [api.get(url), api.get(url, headers=same)]
    assert [answer.status_code for answer in answers] == [200, 200, 304, 200, 304]
    assert {answer.headers.get("Memento-Datetime") for answer in answers} == {
        first.headers["Memento-Datetime"]
    }
    assert {answer.headers["ETag"] for answer in answers} == {first.headers["ETag"]}


@pytest.mark.usefixtures("kept_answers")
@pytest.mark.parametrize("path", ["relationships/", "reconcile/", "cash-flow/"])
def test_the_end_of_a_day_moves_with_the_time_zone(tenant, api, path):
    recorded_days_ago(tenant, 5)
    url = f"{V1}{path}?as_of={timezone.now().date() - timedelta(days=3)}"
    answers = [api.get(url), api.get(url)]
    for zone in ("Pacific/Auckland", "Pacific/Honolulu"):
        with as_owner():
            TenantPreference.objects.update_or_create(
                user_id=tenant.id, defaults={"time_zone": zone}
            )
        last = answers[-1]
        answers.append(api.get(url, headers={"If-None-Match": last.headers["ETag"]}))
        answers.append(api.get(url))
    assert [answer.status_code for answer in answers] == [200] * 6
    for name in ("Memento-Datetime", "ETag"):
        first, second, *moved = (answer.headers[name] for answer in answers)
        assert first == second
        assert len({first, *moved}) == 3
        assert moved[0] == moved[1]


def test_events_up_to_a_day_as_they_are_known_now(tenant, api):
    early = rows.payment(tenant.id, rows.entity(tenant.id, "A"), rows.entity(tenant.id, "B"))
    late = rows.payment(tenant.id)
    execute(
        "UPDATE raw_events SET occurred_at = '2024-02-01T23:59:59Z' WHERE id IN "
        "(SELECT target_event_id FROM relationship_instances WHERE id = %s)",
        late,
    )
    refresh.refresh()
    for day, ids in (("2024-01-30", []), ("2024-01-31", [early]), ("2024-02-01", [late, early])):
        results = api.get(f"{V1}relationships/?valid={day}").json()["results"]
        assert [row["id"] for row in results] == list(map(str, ids))
    assert api.get(f"{V1}cash-flow/?valid=2024-01-31").json()["today"] == "2024-01-31"


@pytest.mark.parametrize(
    "path",
    [
        "relationships/?as_of=2999-01-01",
        "relationships/?as_of=1999-01-01",
        "relationships/?as_of=x",
        "relationships/?as_of=2024-13-01",
        "relationships/?as_of=999999-0-0",
        "relationships/?as_of=1-0-0",
        f"relationships/?as_of=0-{'0' * 32}-0",
        "relationships/?as_of=",
        "cases/?as_of=x",
        "diff/?from=",
        "diff/?to=2024-01-01",
        "diff/?cursor=x&from=2024-01-01",
        "diff/?limit=1001&from=2024-01-01",
        "stats/?as_of=2024-01-01",
        "entities/?as_of=2024-01-01",
        "importance/?valid=2024-01-01",
        "cases/?valid=2024-01-01",
        "relationships/?valid=x",
    ],
)
def test_what_cannot_be_asked_is_refused_by_field(tenant, api, path):
    response = api.get(V1 + path)
    assert response.status_code == 400, response.json()
    name = "from" if path == "diff/?to=2024-01-01" else path.partition("?")[2].partition("=")[0]
    assert [error["pointer"] for error in response.json()["errors"]] == [f"#/{name}"]


def test_a_tenant_reads_no_history_of_another(tenant, other_tenant, api):
    theirs = rows.payment(other_tenant.id)
    refresh.refresh()
    before = version(api)
    mine = rows.payment(tenant.id)
    execute("DELETE FROM relationship_instances WHERE id = %s", theirs)
    assert asked(api, "relationships/", before)["results"] == []
    diff = api.get(f"{V1}diff/", {"from": before}).json()
    assert [row["id"] for row in diff["edges"]["added"]] == [str(mine)]
    assert (diff["edges"]["removed"], diff["entities"]["added"]) == ([], [])
    assert asked(client_of(other_tenant), "relationships/")["results"] == []


def test_nothing_is_known_of_before_a_table_was_emptied(tenant, api):
    rows.payment(tenant.id)
    refresh.refresh()
    before = version(api)
    execute("TRUNCATE event_delta_logs")
    rows.payment(tenant.id)
    response = api.get(f"{V1}relationships/?as_of={before}")
    assert response.status_code == 400
    assert "recorded what it knew since" in response.json()["detail"]


def test_a_disabled_trigger_begins_the_history_anew(tenant, api):
    before = version(api)
    rows.payment(tenant.id)
    execute("ALTER TABLE raw_events DISABLE TRIGGER recorded_raw_events_update")
    assert row_triggers.missing() == ["recorded_raw_events_update"]
    row_triggers.put_in_place("owner")
    assert row_triggers.missing() == []
    assert api.get(f"{V1}relationships/?as_of={before}").status_code == 400


def test_another_column_begins_the_history_anew(tenant, api):
    payment = rows.payment(tenant.id)
    refresh.refresh()
    before = version(api)
    execute("UPDATE relationship_instances SET deleted_at = now() WHERE id = %s", payment)
    assert len(asked(api, "relationships/", before)["results"]) == 1
    try:
        execute("ALTER TABLE relationship_instances ADD COLUMN rank integer NOT NULL DEFAULT 7")
        assert len(row_triggers.missing()) == len(OPERATIONS)
        row_triggers.put_in_place("owner")
        assert row_triggers.missing() == []
        response = api.get(f"{V1}relationships/?as_of={before}")
        assert response.status_code == 400
        assert "recorded what it knew since" in response.json()["detail"]
        after = version(api)
        execute("UPDATE relationship_instances SET rank = 8 WHERE id = %s", payment)
        execute("UPDATE raw_events SET description = 'x' WHERE user_id = %s", tenant.id)
        assert asked(api, "relationships/", after)["results"] == []
    finally:
        execute("DROP SCHEMA as_of CASCADE")
        execute("ALTER TABLE relationship_instances DROP COLUMN IF EXISTS rank")
        row_triggers.put_in_place("owner")


def test_the_same_columns_keep_the_history(tenant, api):
    payment = rows.payment(tenant.id)
    refresh.refresh()
    before = version(api)
    execute("UPDATE relationship_instances SET deleted_at = now() WHERE id = %s", payment)
    row_triggers.put_in_place("owner")
    assert len(asked(api, "relationships/", before)["results"]) == 1
