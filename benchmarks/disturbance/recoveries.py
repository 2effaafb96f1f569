"""Computes from the recorded attempts how long each recovery from a disturbance took."""

from dataclasses import dataclass

from benchmarks.disturbance import recorded_jobs

SHOWN = 5
INTERRUPTED = """
SELECT
    lost.run_id, split_part(lost.worker, ':', 2)::int, extract(epoch FROM lost.ended_at),
    extract(epoch FROM next.started_at)
FROM job_attempts AS lost
JOIN job_attempts AS next ON next.run_id = lost.run_id AND next.fence = lost.fence + 1
WHERE lost.outcome = 'lost'
"""
NEXT_SUCCESS = """
SELECT extract(epoch FROM min(ended_at)) FROM job_attempts
WHERE outcome = 'succeeded' AND ended_at > to_timestamp(%s)
"""


@dataclass(frozen=True, slots=True)
class Recovery:
    """A recovery from a disturbance: what recovered (`what`), when it was disturbed (`begin`) and
    when it went on (`end`), as Unix times in seconds.

    `servers_back` is when the last disturbance of the servers before `end` was over. While the
    servers are away, nothing can recover.
    """

    what: str
    begin: float
    end: float
    servers_back: float

    @property
    def waited(self) -> float:
        """The seconds from the disturbance until the work went on."""
        return self.end - self.begin

    @property
    def seconds(self) -> float:
        """The seconds from the disturbance, or from the end of a later disturbance of the servers,
        until the work went on."""
        return self.end - max(self.begin, self.servers_back)


def longest_first(kills: dict[int, float], others: list[tuple[str, float]]) -> list[Recovery]:
    """All recoveries, the longest first: from a kill until each interrupted run continued, and from
    the end of another disturbance until the next run succeeded.

    `kills` maps a killed process to the time of the kill; `others` are the other disturbances with
    the times of their ends.
    """
    recoveries = [
        # A worker that only stalled counts from the time at which its run was taken away.
        Recovery(f"run {run}", kills.get(process, float(ended)), float(began), _back(others, began))
        for run, process, ended, began in recorded_jobs.rows(INTERRUPTED)
    ]
    for what, end in others:
        [(first,)] = recorded_jobs.rows(NEXT_SUCCESS, [end])
        if first:
            recoveries.append(Recovery(what, end, float(first), _back(others, first)))
    return sorted(recoveries, key=lambda recovery: -recovery.seconds)


def _back(others: list[tuple[str, float]], until: float) -> float:
    return max((at for _, at in others if at <= float(until)), default=0.0)


def explained(
    recoveries: list[Recovery], kills: dict[int, float], others: list[tuple[str, float]]
) -> str:
    """A text with a line for each of the longest recoveries: what recovered, how long it took, and
    the disturbances meanwhile, in seconds after its begin."""
    events = sorted([("kill", at) for at in kills.values()] + others, key=lambda event: event[1])
    lines = []
    for recovery in recoveries[:SHOWN]:
        meanwhile = ", ".join(
            f"{what} {at - recovery.begin:+.0f}"
            for what, at in events
            if recovery.begin - 1 <= at <= recovery.end
        )
        lines.append(
            f"{recovery.what}: {recovery.seconds:.1f} s, after {recovery.waited:.1f} s in all "
            f"({meanwhile})"
        )
    return "\n".join(lines)
