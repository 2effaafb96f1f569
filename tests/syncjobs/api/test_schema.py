"""What the published schema says of background work."""

import pytest
from django.core.management import call_command

from syncjobs.api.failures import urls as failures
from syncjobs.api.uploads import urls as uploads
from syncjobs.api.urls import urlpatterns
from tests.graph.api.shapes import published
from tests.syncjobs.api.shapes import V1

SENT = {"400", "401", "413"}
STATUSES = {
    ("syncs/", "get"): {"200", "400", "401"},
    ("syncs/", "post"): SENT | {"202", "404", "409", "415"},
    ("syncs/{run_id}/", "get"): {"200", "400", "401", "404"},
    ("syncs/{run_id}/cancel/", "post"): SENT | {"202", "404", "409", "415"},
    ("connections/", "get"): {"200", "400", "401"},
    ("connections/", "post"): SENT | {"201", "409", "415", "503"},
    ("connections/{connection_id}/", "get"): {"200", "400", "401", "404"},
    ("connections/{connection_id}/", "patch"): SENT | {"200", "404", "409", "415"},
    ("connections/{connection_id}/", "delete"): SENT | {"204", "404", "415"},
    ("job-failures/", "get"): {"200", "400", "401", "403"},
    ("job-failures/groups/", "get"): {"200", "400", "401", "403"},
    ("job-failures/replay/", "post"): SENT | {"200", "202", "403", "415"},
    ("job-failures/{failure_id}/", "get"): {"200", "400", "401", "403", "404"},
    ("job-failures/{failure_id}/replay/", "post"): SENT | {"202", "403", "404", "409", "415"},
    **{
        (f"job-failures/{{failure_id}}/{deed}/", "post"): SENT | {"200", "403", "404", "409", "415"}
        for deed in ("resolve", "ignore", "discard", "reopen")
    },
    ("uploads/", "get"): {"200", "400", "401"},
    ("uploads/", "post"): SENT | {"201", "415"},
    ("uploads/{upload_id}/", "get"): {"200", "400", "401", "404"},
    ("uploads/{upload_id}/", "delete"): SENT | {"204", "404", "415"},
    ("uploads/{upload_id}/pieces/{number}/", "put"): SENT | {"200", "404", "415"},
    ("uploads/{upload_id}/choices/", "post"): SENT | {"202", "404", "415"},
    ("uploads/{upload_id}/confirm/", "post"): SENT | {"202", "404", "415"},
    ("uploads/{upload_id}/take-back/", "get"): {"200", "400", "401", "404", "409"},
    ("uploads/{upload_id}/take-back/", "post"): SENT | {"202", "404", "409", "415"},
    ("uploads/{upload_id}/rows/", "get"): {"200", "400", "401", "404"},
    ("uploads/{upload_id}/rejected-rows/", "get"): {"200", "400", "401", "404"},
    ("uploads/{upload_id}/rejected-rows/", "post"): SENT | {"200", "404", "415"},
    ("webhooks/nango/", "post"): SENT | {"200", "503"},
}


def test_the_schema_is_generated_without_a_warning(tmp_path, capsys):
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "s.yaml"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("path", "method"), STATUSES, ids=str)
def test_every_operation_says_what_can_come_of_it(path, method):
    operation = published()["paths"][V1 + path][method]
    of_any = {"406", "429"} if "webhooks" in path else {"403", "406", "429"}
    keyed = method == "post" and "webhooks" not in path
    of_any |= {"409", "422"} if keyed else set()
    names = {item["name"] for item in operation.get("parameters", [])}
    assert ("Idempotency-Key" in names) == keyed
    assert set(operation["responses"]) == STATUSES[path, method] | of_any
    assert operation["description"]
    assert operation.get("security", []) == (
        [] if "webhooks" in path else [{"token": []}, {"session": []}]
    )


def test_no_path_is_forgotten():
    assert len({path for path, _ in STATUSES}) == len(urlpatterns) - 2 + len(
        [*failures.urlpatterns, *uploads.urlpatterns]
    )


def test_a_body_carries_its_bounds():
    schemas = published()["components"]["schemas"]
    every = schemas[
        "ConnectionBodyRequest" if "ConnectionBodyRequest" in schemas else "ConnectionBody"
    ]
    assert every["properties"]["sync_every_seconds"]["minimum"] == 60
    assert set(every["required"]) == {"provider", "nango_connection_id"}
