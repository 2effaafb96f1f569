"""`manage.py job_failures`: dead letters from the command line."""

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
from syncjobs.failures import groups, outcomes, payloads, replaying, search, settling, timeline
from syncjobs.failures.outcomes import Verdict
from syncjobs.models import JobFailure, SyncRun
from syncjobs.models.choices import FailureStatus, Provider

HELP = """\
Look at job failures, replay them, or put them aside.

  list                            those that wait for somebody
  groups                          the same by what went wrong
  show ID                         one, with its attempts, tracebacks, payload, and what to do
  replay ID ...                   ask for each once more, as a new run linked to it
  resolve | ignore | discard ID   dealt with | known | given up, with a --reason
  reopen ID ...                   back among those that wait

Instead of ids, --all-matching takes everything that the filters match: try it with --dry-run.

  manage.py job_failures groups --provider gmail
  manage.py job_failures replay --all-matching --fingerprint 1f0c… --per-minute 30 --dry-run
  echo '{"full": true}' | manage.py job_failures replay ID --payload - --as me@example.org
"""
TOLD = (
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
TOLD_OF_RUN = ("id", "status", "trigger", "tries", "created_at", "finished_at", "error")
TOLD_OF_ATTEMPT = (
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
        _filters(_json(verbs.add_parser("list", help="the newest first")), limit=50)
        _filters(_json(verbs.add_parser("groups", help="by what went wrong")), limit=50)
        shown = _json(verbs.add_parser("show", help="one, with all that is known of it"))
        shown.add_argument("ids", nargs=1, type=_id, metavar="ID")
        again = _acting(verbs.add_parser("replay", help="ask for it once more"))
        again.add_argument("--per-minute", type=int, metavar="N", help="so many a minute")
        again.add_argument(
            "--payload", metavar="FILE", help="an edited payload for one failure; - reads stdin"
        )
        for verb, told in (
            ("resolve", "it is dealt with"),
            ("ignore", "it is known, and so is the next of its like on the same connection"),
        ):
            _acting(verbs.add_parser(verb, help=told)).add_argument("--note", default="")
        _acting(verbs.add_parser("discard", help="it is given up")).add_argument(
            "--reason", default="", help="why; there must be one"
        )
        _acting(verbs.add_parser("reopen", help="it waits for somebody again"))

    def handle(self, *args: Any, **options: Any) -> None:
        ways = {"list": self._list, "groups": self._groups, "show": self._show}
        with as_owner():
            try:
                ways.get(options["verb"], self._act)(options)
            except RequestError as error:
                raise CommandError(str(error)) from None

    def _print(self, found: Any) -> None:
        self.stdout.write(json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False))

    def _list(self, options: dict[str, Any]) -> None:
        limit = options["limit"]
        found = list(_matching(options).defer(*outcomes.WIDE)[: limit + 1])
        more, found = len(found) > limit, found[:limit]
        if options["json"]:
            self._print({"failures": [_told(each, TOLD) for each in found], "more": more})
            return
        for each in found:
            self.stdout.write(_line(each))
        self.stdout.write(_total(len(found), "failure", more))

    def _groups(self, options: dict[str, Any]) -> None:
        found = groups.page(_matching(options), limit=options["limit"])
        if options["json"]:
            self._print({"groups": [asdict(each) for each in found.groups], "total": found.total})
            return
        for each in found.groups:
            where = f" at {each.location}" if each.location else ""
            self.stdout.write(
                f"{each.fingerprint or '-'}  {each.count} ({each.open} open)  "
                f"{each.newest:%Y-%m-%d %H:%M}  {', '.join(each.providers) or '-'}\n"
                f"    {each.function}{where}: {_short(each.error)}"
            )
        more = found.total > len(found.groups)
        self.stdout.write(_total(len(found.groups), "group", more))

    def _show(self, options: dict[str, Any]) -> None:
        failure = JobFailure.objects.filter(pk=options["ids"][0]).first()
        if failure is None:
            _unknown(options["ids"])
        told = {
            **_told(failure, (*TOLD, "payload", "payload_history", "traceback")),
            "what_to_do": timeline.advice(failure),
            "runs": [_run(run) for run in timeline.runs_of(failure)],
        }
        if options["json"]:
            self._print(told)
        else:
            self.stdout.write("\n".join(_pages(told)))

    def _act(self, options: dict[str, Any]) -> None:
        ids, by = _chosen(options), _person(options["as"])
        given = _given(options)
        if options["dry_run"]:
            self._report(options, *_planned(options["verb"], ids))
            return
        verb = options["verb"]
        if verb == "replay":
            replayed = replaying.replay(ids, by=by, **given)
            done = [(each.pk, run.pk) for each, run in replayed.started]
            self._report(options, done, replayed.skipped)
        else:
            settled = getattr(settling, verb)(ids, by=by, **given)
            self._report(options, [(each.pk, None) for each in settled.changed], settled.skipped)

    def _report(
        self,
        options: dict[str, Any],
        done: Sequence[tuple[UUID, UUID | None]],
        skipped: Sequence[Verdict],
    ) -> None:
        would = "would be " if options["dry_run"] else ""
        said = f"{would}{DONE[options['verb']]}"
        if options["json"]:
            self._print(_outcome(options, done, skipped))
        else:
            for failure, run in done:
                self.stdout.write(f"{failure}  {said}{f' as run {run}' if run else ''}")
            for verdict in skipped:
                self.stdout.write(f"{verdict.failure_id}  skipped: {verdict.reason}")
            self.stdout.write(f"{len(done)} {said}, {len(skipped)} skipped")
        if skipped and not done and not options["all_matching"]:
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


# arguments


def _json(parser: CommandParser) -> CommandParser:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _filters(parser: CommandParser, limit: int | None) -> None:
    chosen = parser.add_argument_group("filters")
    chosen.add_argument(
        "--status",
        action="append",
        choices=[*FailureStatus.values, "all"],
        help="may be given again (default: open and replaying)",
    )
    chosen.add_argument("--provider", default="", choices=Provider.values)
    chosen.add_argument("--function", default="", help="the task's name")
    chosen.add_argument("--fingerprint", default="", help="a group's")
    chosen.add_argument(
        "--since", type=_moment, metavar="WHEN", help="2026-01-31, 2026-01-31T12:00, 30m, 12h or 7d"
    )
    chosen.add_argument("--search", default="", help="an id or a key, or text in error or payload")
    chosen.add_argument(
        "--limit", type=_positive, default=limit, metavar="N", help="the newest N at most"
    )


def _acting(parser: CommandParser) -> CommandParser:
    parser.add_argument("ids", nargs="*", type=_id, metavar="ID")
    parser.add_argument(
        "--all-matching", action="store_true", help="whatever the filters match, instead of ids"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would happen, do nothing")
    parser.add_argument(
        "--as", default="", metavar="EMAIL", help="the staff user whom the log will name"
    )
    _filters(_json(parser), limit=None)
    return parser


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no failure's id: those are UUIDs") from None


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _moment(text: str) -> datetime:
    if ago := _AGO.fullmatch(text):
        return timezone.now() - timedelta(**{_UNIT[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither a date nor a span such as 12h") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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
    """Raises CommandError where nothing is chosen, or somebody unknown."""
    if bool(options["ids"]) == options["all_matching"]:
        raise CommandError("Give the ids of failures, or --all-matching with filters.")
    if options["all_matching"]:
        return list(_matching(options).values_list("pk", flat=True)[: options["limit"]])
    ids: list[UUID] = options["ids"]
    known = set(JobFailure.objects.filter(pk__in=ids).values_list("pk", flat=True))
    if unknown := [each for each in ids if each not in known]:
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
        raise CommandError(f"No member of staff is {address!r}.")
    return person


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """What the verb is told beside which failures."""
    names = ("per_minute", "note", "reason")
    given: dict[str, Any] = {name: options[name] for name in names if name in options}
    if options.get("payload"):
        given["payload"] = payloads.parsed(_text(options["payload"]))
    return given


def _text(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CommandError(f"The payload cannot be read: {error}.") from None


def _planned(
    verb: str, ids: Sequence[UUID]
) -> tuple[list[tuple[UUID, UUID | None]], list[Verdict]]:
    plan = replaying.plan(ids) if verb == "replay" else settling.plan(ids, WANTED[verb])
    eligible: list[tuple[UUID, UUID | None]] = [
        (each.failure_id, None) for each in plan if each.eligible
    ]
    return eligible, [each for each in plan if not each.eligible]


# words


def _outcome(
    options: dict[str, Any],
    done: Sequence[tuple[UUID, UUID | None]],
    skipped: Sequence[Verdict],
) -> dict[str, Any]:
    return {
        "dry_run": options["dry_run"],
        DONE[options["verb"]]: [{"id": failure, "run_id": run} for failure, run in done],
        "skipped": [{"id": each.failure_id, "reason": each.reason} for each in skipped],
        "reasons": dict(outcomes.by_reason(skipped)),
    }


def _told(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _run(run: SyncRun) -> dict[str, Any]:
    attempts = [_told(each, TOLD_OF_ATTEMPT) for each in reversed(run.tried)]  # type: ignore[attr-defined]
    return {**_told(run, TOLD_OF_RUN), "attempts": attempts}


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


def _pages(told: dict[str, Any]) -> list[str]:
    """A failure for people: the sentence first."""
    lines = [told["error"], "", f"What to do: {told['what_to_do']}", ""]
    lines += [f"{name}: {told[name]}" for name in TOLD if told[name] and name != "error"]
    for run in told["runs"]:
        lines += ["", f"run {run['id']}: {run['status']} ({run['trigger']})"]
        lines += [_attempt(each) for each in run["attempts"]]
    lines += ["", "payload:", json.dumps(told["payload"], indent=2, ensure_ascii=False)]
    return [*lines, "", told["traceback"]] if told["traceback"] else lines


def _attempt(told: dict[str, Any]) -> str:
    error = f": {_short(told['error'])}" if told["error"] else ""
    return (
        f"  try {told['try_number']}  {told['started_at']:%Y-%m-%d %H:%M:%S}  {told['outcome']}, "
        f"worker {told['worker']}{error}"
    )
