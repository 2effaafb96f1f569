"""`manage.py job_failures`: list, replay and settle dead letters."""

import json
import re
import sys
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.utils import timezone

from graph.database.role import as_owner
from syncjobs.errors import RequestError
from syncjobs.failures import groups, outcomes, payloads, replay, search, settle, timeline
from syncjobs.failures.outcomes import Verdict
from syncjobs.models import JobFailure, SyncRun
from syncjobs.models.choices import FailureStatus, Provider

HELP = """\
List job failures, replay them, or settle them.

  list                            open failures and those being replayed
  groups                          the same, grouped by kind
  show ID                         one, with attempts, tracebacks, payload and advice
  replay ID ...                   request each again, as a new run linked to it
  resolve | ignore | discard ID   dealt with | known | given up, with a --reason
  reopen ID ...                   set back to open

Instead of ids, --all-matching takes all failures that the filters match. Try --dry-run first.

  manage.py job_failures groups --provider gmail
  manage.py job_failures replay --all-matching --fingerprint 1f0c… --per-minute 30 --dry-run
  echo '{"full": true}' | manage.py job_failures replay ID --payload - --as me@example.org
"""
FIELDS = (
    "id",
    "status",
    "provider",
    "function",
    "error_class",
    "error",
    "location",
    "fingerprint",
    "tries",
    "first_failed_at",
    "last_failed_at",
    "settled_at",
    "note",
    "user_id",
    "connection_id",
    "correlation_id",
    "run_id",
    "job_id",
)
RUN_FIELDS = ("id", "status", "trigger", "tries", "created_at", "finished_at", "error")
ATTEMPT_FIELDS = (
    "try_number",
    "outcome",
    "worker",
    "started_at",
    "ended_at",
    "error_class",
    "error",
    "traceback",
)
_AGO = re.compile(r"(\d{1,5})([mhd])")
_UNIT = {"m": "minutes", "h": "hours", "d": "days"}


class Command(BaseCommand):
    help = HELP

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="COMMAND")
        _filters(_json(verbs.add_parser("list", help="list failures, newest first")), limit=50)
        _filters(_json(verbs.add_parser("groups", help="list groups of one kind")), limit=50)
        show = _json(verbs.add_parser("show", help="show one failure with all its details"))
        show.add_argument("ids", nargs=1, type=_id, metavar="ID")
        again = _acting(verbs.add_parser("replay", help="request it again"))
        again.add_argument("--per-minute", type=int, metavar="N", help="replays per minute")
        again.add_argument(
            "--payload", metavar="FILE", help="an edited payload for one failure; - reads stdin"
        )
        for verb, meaning in (
            ("resolve", "it is dealt with"),
            ("ignore", "it is known; ignore the next of its kind on the same connection, too"),
        ):
            _acting(verbs.add_parser(verb, help=meaning)).add_argument("--note", default="")
        _acting(verbs.add_parser("discard", help="it is given up")).add_argument(
            "--reason", default="", help="the reason (required)"
        )
        _acting(verbs.add_parser("reopen", help="set it back to open"))

    def handle(self, *args: Any, **options: Any) -> None:
        ways = {"list": self._list, "groups": self._groups, "show": self._show}
        with as_owner():
            try:
                ways.get(options["verb"], self._act)(options)
            except RequestError as error:
                raise CommandError(str(error)) from None

    def _print(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False))

    def _list(self, options: dict[str, Any]) -> None:
        limit = options["limit"]
        rows = list(_matching(options).defer(*outcomes.WIDE)[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        if options["json"]:
            self._print({"failures": [_fields(row, FIELDS) for row in rows], "more": more})
            return
        for row in rows:
            self.stdout.write(_line(row))
        self.stdout.write(_total(len(rows), "failure", more))

    def _groups(self, options: dict[str, Any]) -> None:
        page = groups.page(_matching(options), limit=options["limit"])
        if options["json"]:
            self._print({"groups": [asdict(group) for group in page.groups], "total": page.total})
            return
        for group in page.groups:
            where = f" at {group.location}" if group.location else ""
            self.stdout.write(
                f"{group.fingerprint or '-'}  {group.count} ({group.open} open)  "
                f"{group.newest:%Y-%m-%d %H:%M}  {', '.join(group.providers) or '-'}\n"
                f"    {group.function}{where}: {_short(group.error)}"
            )
        more = page.total > len(page.groups)
        self.stdout.write(_total(len(page.groups), "group", more))

    def _show(self, options: dict[str, Any]) -> None:
        failure = JobFailure.objects.filter(pk=options["ids"][0]).first()
        if failure is None:
            _unknown(options["ids"])
        details = {
            **_fields(failure, (*FIELDS, "payload", "payload_history", "traceback")),
            "what_to_do": timeline.advice(failure),
            "runs": [_run(run) for run in timeline.runs_of(failure)],
        }
        if options["json"]:
            self._print(details)
        else:
            self.stdout.write("\n".join(_pages(details)))

    def _act(self, options: dict[str, Any]) -> None:
        ids, by = _chosen(options), _person(options["as"])
        arguments = _arguments(options)
        if options["dry_run"]:
            self._report(options, *_planned(options["verb"], ids))
            return
        verb = options["verb"]
        if verb == "replay":
            replayed = replay.replay(ids, by=by, **arguments)
            replays = [(failure.pk, key) for failure, key in replayed.started]
            self._report(options, replays, replayed.skipped)
        else:
            settled = getattr(settle, verb)(ids, by=by, **arguments)
            changed = [(failure.pk, None) for failure in settled.changed]
            self._report(options, changed, settled.skipped)

    def _report(
        self,
        options: dict[str, Any],
        changed: Sequence[tuple[UUID, UUID | None]],
        skipped: Sequence[Verdict],
    ) -> None:
        would = "would be " if options["dry_run"] else ""
        result = f"{would}{DONE[options['verb']]}"
        if options["json"]:
            self._print(_outcome(options, changed, skipped))
        else:
            for failure, run in changed:
                self.stdout.write(f"{failure}  {result}{f' as run {run}' if run else ''}")
            for verdict in skipped:
                self.stdout.write(f"{verdict.failure_id}  skipped: {verdict.reason}")
            self.stdout.write(f"{len(changed)} {result}, {len(skipped)} skipped")
        if skipped and not changed and not options["all_matching"]:
            raise CommandError(f"None {'would be' if would else 'was'} {DONE[options['verb']]}.")


DONE = {
    "replay": "replayed",
    "resolve": "resolved",
    "ignore": "ignored",
    "discard": "discarded",
    "reopen": "reopened",
}
WANTED = {
    "resolve": FailureStatus.RESOLVED,
    "ignore": FailureStatus.IGNORED,
    "discard": FailureStatus.DISCARDED,
    "reopen": FailureStatus.OPEN,
}


# Arguments.


def _json(parser: CommandParser) -> CommandParser:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _filters(parser: CommandParser, limit: int | None) -> None:
    group = parser.add_argument_group("filters")
    group.add_argument(
        "--status",
        action="append",
        choices=[*FailureStatus.values, "all"],
        help="may be repeated (default: open and replaying)",
    )
    group.add_argument("--provider", default="", choices=Provider.values)
    group.add_argument("--function", default="", help="the task's name")
    group.add_argument("--fingerprint", default="", help="the fingerprint of a group")
    group.add_argument(
        "--since", type=_timestamp, metavar="WHEN", help="2026-01-31, 2026-01-31T12:00, 30m or 7d"
    )
    group.add_argument("--search", default="", help="an id or a key, or text in error or payload")
    group.add_argument(
        "--limit", type=_positive, default=limit, metavar="N", help="at most the newest N"
    )


def _acting(parser: CommandParser) -> CommandParser:
    parser.add_argument("ids", nargs="*", type=_id, metavar="ID")
    parser.add_argument(
        "--all-matching", action="store_true", help="all that the filters match, instead of ids"
    )
    parser.add_argument("--dry-run", action="store_true", help="show the result, change nothing")
    parser.add_argument(
        "--as", default="", metavar="EMAIL", help="the staff user to name in the log"
    )
    _filters(_json(parser), limit=None)
    return parser


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not the id of a failure, which is a UUID") from None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _timestamp(text: str) -> datetime:
    if ago := _AGO.fullmatch(text):
        return timezone.now() - timedelta(**{_UNIT[ago[2]]: int(ago[1])})
    try:
        timestamp = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither a date nor a period such as 12h") from None
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)


def _matching(options: dict[str, Any]) -> QuerySet[JobFailure]:
    statuses = options["status"] or search.CURRENT
    return search.matching(
        statuses=() if "all" in statuses else statuses,
        provider=options["provider"],
        function=options["function"],
        fingerprint=options["fingerprint"],
        since=options["since"],
        search=options["search"],
    )


def _chosen(options: dict[str, Any]) -> list[UUID]:
    """The ids of the chosen failures. Raises CommandError if there is none, or one is unknown."""
    if bool(options["ids"]) == options["all_matching"]:
        raise CommandError("Give the ids of failures, or --all-matching with filters.")
    if options["all_matching"]:
        return list(_matching(options).values_list("pk", flat=True)[: options["limit"]])
    ids: list[UUID] = options["ids"]
    existing = set(JobFailure.objects.filter(pk__in=ids).values_list("pk", flat=True))
    if unknown := [failure_id for failure_id in ids if failure_id not in existing]:
        _unknown(unknown)
    return ids


def _unknown(ids: Sequence[UUID]) -> NoReturn:
    raise CommandError(f"No failure has the id {', '.join(map(str, ids))}.")


def _person(address: str) -> AbstractBaseUser | None:
    if not address:
        return None
    person = (
        get_user_model()
        ._default_manager.filter(email__iexact=address, is_staff=True, is_active=True)
        .first()
    )
    if person is None:
        raise CommandError(f"There is no staff user {address!r}.")
    return person


def _arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments for the action, from the command's options."""
    names = ("per_minute", "note", "reason")
    arguments: dict[str, Any] = {name: options[name] for name in names if name in options}
    if options.get("payload"):
        arguments["payload"] = payloads.parsed(_text(options["payload"]))
    return arguments


def _text(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CommandError(f"The payload cannot be read: {error}.") from None


def _planned(
    verb: str, ids: Sequence[UUID]
) -> tuple[list[tuple[UUID, UUID | None]], list[Verdict]]:
    plan = replay.plan(ids) if verb == "replay" else settle.plan(ids, WANTED[verb])
    eligible: list[tuple[UUID, UUID | None]] = [
        (verdict.failure_id, None) for verdict in plan if verdict.eligible
    ]
    return eligible, [verdict for verdict in plan if not verdict.eligible]


# Output.


def _outcome(
    options: dict[str, Any],
    changed: Sequence[tuple[UUID, UUID | None]],
    skipped: Sequence[Verdict],
) -> dict[str, Any]:
    return {
        "dry_run": options["dry_run"],
        DONE[options["verb"]]: [{"id": failure, "run_id": run} for failure, run in changed],
        "skipped": [{"id": verdict.failure_id, "reason": verdict.reason} for verdict in skipped],
        "reasons": dict(outcomes.by_reason(skipped)),
    }


def _fields(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _run(run: SyncRun) -> dict[str, Any]:
    newest_first: list[Any] = vars(run)["tried"]  # fetched with the run
    attempts = [_fields(row, ATTEMPT_FIELDS) for row in reversed(newest_first)]
    return {**_fields(run, RUN_FIELDS), "attempts": attempts}


def _line(failure: JobFailure) -> str:
    return (
        f"{failure.pk}  {failure.status:9}  {failure.last_failed_at:%Y-%m-%d %H:%M}  "
        f"{failure.function}: {_short(failure.error)}"
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:119]}…"


def _total(number: int, what: str, more: bool) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}{', and there are more' if more else ''}"


def _pages(details: dict[str, Any]) -> list[str]:
    """The failure's details as pages of text. The first page has the error."""
    lines = [details["error"], "", f"What to do: {details['what_to_do']}", ""]
    lines += [f"{name}: {details[name]}" for name in FIELDS if details[name] and name != "error"]
    for run in details["runs"]:
        lines += ["", f"run {run['id']}: {run['status']} ({run['trigger']})"]
        lines += [_attempt(attempt) for attempt in run["attempts"]]
    lines += ["", "payload:", json.dumps(details["payload"], indent=2, ensure_ascii=False)]
    return [*lines, "", details["traceback"]] if details["traceback"] else lines


def _attempt(attempt: dict[str, Any]) -> str:
    error = f": {_short(attempt['error'])}" if attempt["error"] else ""
    return (
        f"  attempt {attempt['try_number']}  {attempt['started_at']:%Y-%m-%d %H:%M:%S}  "
        f"{attempt['outcome']}, worker {attempt['worker']}{error}"
    )
