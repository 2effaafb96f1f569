"""Bars of the console's charts, drawn on the server as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, GAP = 480, 64, 2


@dataclass(frozen=True, slots=True)
class Ends:
    """The number of runs that ended in an interval, by state. `label` names the interval."""

    label: str
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        return self.succeeded + self.failed + self.cancelled

    def __str__(self) -> str:
        return f"{self.succeeded:,} succeeded, {self.failed:,} failed, {self.cancelled:,} cancelled"


@dataclass(frozen=True, slots=True)
class Rectangle:
    """One coloured rectangle of a bar, in the units of the SVG's viewBox. `kind` is the state that
    it counts, which is its CSS class; `label` is the text shown for it."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars of one period, one for each interval in `ends`, and their sum. `name` is unique on
    the page."""

    name: str
    title: str
    ends: Sequence[Ends]

    @property
    def sum(self) -> Ends:
        return Ends(
            self.title,
            sum(ends.succeeded for ends in self.ends),
            sum(ends.failed for ends in self.ends),
            sum(ends.cancelled for ends in self.ends),
        )

    @property
    def box(self) -> str:
        return f"0 0 {WIDTH} {HEIGHT}"

    @property
    def highest(self) -> int:
        return max((ends.total for ends in self.ends), default=0)

    @property
    def bars(self) -> list[Rectangle]:
        """The rectangles of all bars. Failed runs are at the bottom of each bar, so that their
        heights can be compared."""
        step, rectangles = WIDTH / max(1, len(self.ends)), []
        for nth, ends in enumerate(self.ends):
            bottom = float(HEIGHT)
            for kind in ("failed", "cancelled", "succeeded"):
                height = _height(getattr(ends, kind), self.highest)
                bottom -= height
                if height:
                    label = f"{ends.label}: {ends}"
                    rectangles.append(
                        Rectangle(kind, nth * step, bottom, step - GAP, height, label)
                    )
        return rectangles


def _height(count: int, highest: int) -> float:
    return HEIGHT * count / highest if count else 0.0


def sparkline(counts: Sequence[int]) -> list[Rectangle]:
    """The rectangles of a small chart with one bar per count. A bar takes 12 units of width; the
    highest one is 20 units high."""
    highest = max(counts, default=0)
    return [
        Rectangle("failed", nth * 12, 20 - 20 * count / highest, 10, 20 * count / highest, "")
        for nth, count in enumerate(counts)
        if count
    ]
