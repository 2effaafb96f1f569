"""Takes an imported upload back: a person sees what that removes, and a worker does it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from graph.database.tenancy import tenant_transaction
from graph.errors import DecidedMeanwhile, QuestionError
from graph.ingest.store import take_back
from graph.ingest.store.take_back import Import
from syncjobs.models import Upload
from syncjobs.models.choices import UploadState
from syncjobs.uploads import lifecycle, preview_rows

Shown = dict[str, Any]


def shown(user_id: UUID, upload_id: UUID) -> Shown:
    """Return what taking the upload back would remove: the fields of `Effect`, with `sums` by
    direction and currency, and `changed`, the number of rows that the file changed.

    Raises NotFound, QuestionError, and DecidedMeanwhile if it was taken back already.
    """
    with tenant_transaction(user_id):
        return _shown(_imported(user_id, upload_id, lock=False))


def request(user_id: UUID, upload_id: UUID, *, rows: int, by: str) -> Upload:
    """Let a worker take the upload back. `rows` is the number of rows that the person saw.

    Raises NotFound, QuestionError, and DecidedMeanwhile if another number of rows would go now or
    if it was taken back already.
    """
    with tenant_transaction(user_id):
        upload = _imported(user_id, upload_id, lock=True)
        take_back.require_rows(_shown(upload)["rows"], rows)
        upload.outcome = {**(upload.outcome or {}), "taken_back": {"by": by, "rows": rows}}
        upload.error = ""
        lifecycle.hand_over(upload, UploadState.TAKING_BACK)
    return upload


def finish(upload: Upload) -> None:
    """Take the upload back: delete what its import added, and record that in the upload.

    If another number of rows would go by now than the person confirmed, nothing goes: the upload is
    imported as before, and its `error` says so. Runs in the transaction that has locked the
    upload's row.
    """
    outcome = dict(upload.outcome or {})
    taken = outcome.pop("taken_back", {})
    by, confirmed = taken.get("by", ""), taken.get("rows")
    upload.updated_at = Now()
    try:
        removed = take_back.take_back(upload.user_id, _import(upload), by, confirmed)
    except DecidedMeanwhile as error:
        upload.state, upload.error, upload.outcome = UploadState.DONE, str(error), outcome
    else:
        at = datetime.now(UTC).isoformat()
        outcome["taken_back"] = {**taken, "at": at, **take_back.as_dict(removed)}
        upload.outcome, upload.rejects, upload.reading = outcome, "", None
        upload.state, upload.error = UploadState.TAKEN_BACK, ""
    upload.save()


def _imported(user_id: UUID, upload_id: UUID, *, lock: bool) -> Upload:
    upload = lifecycle.one(user_id, upload_id, *UploadState.values, lock=lock)
    if upload.state in (UploadState.TAKING_BACK, UploadState.TAKEN_BACK):
        by = (upload.outcome or {}).get("taken_back", {}).get("by", "")
        is_done = upload.state == UploadState.TAKEN_BACK
        state = "was taken back already" if is_done else "is being taken back already"
        raise DecidedMeanwhile(f"{upload.name} {state}, by {by}.", "state")
    if upload.state != UploadState.DONE:
        raise QuestionError(
            f"{upload.name} is {upload.get_state_display()}: there is nothing to take back.",
            "state",
        )
    return upload


def _import(upload: Upload) -> Import:
    return Import(upload=take_back.upload_key(upload.pk))


def _shown(upload: Upload) -> Shown:
    effect = take_back.effect(upload.user_id, _import(upload))
    outcome = upload.outcome or {}
    stored = outcome.get("rows_stored", 0)
    if not effect.rows and not effect.rows_kept and stored:
        raise QuestionError(
            f"The {stored:,} rows of {upload.name} do not state which import brought them: an "
            "earlier finley imported them. It cannot be taken back.",
            "state",
        )
    return {
        **take_back.as_dict(effect),
        "sums": preview_rows.added_by_direction(effect.sums),
        "changed": outcome.get("rows_updated", 0),
    }
