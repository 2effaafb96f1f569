"""Forecasts a series: its habit, its next day and amount, and how certain they are.

The functions are pure. Ranges are conformal (V. Vovk, A. Gammerman, G. Shafer, "Algorithmic
Learning in a Random World" (2005); normalized by each series' own spread, H. Papadopoulos et al.,
"Normalized nonconformity measures for regression conformal prediction" (2008)). Each of a series'
last occurrences is predicted from those before it. A range is a multiple of the series' spread that
would have contained COVERAGE of these occurrences, pooled over all series of the frequency.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph.enrich.columns.payments import UNIT, Payments
from graph.enrich.series import pauses
from graph.enrich.series.activity import Floats
from graph.enrich.series.candidate_grids import LONG
from graph.enrich.series.detect import Series
from graph.enrich.series.habits import Habit, Habits
from graph.enrich.series.month_effects import Effect, month_effect, without
from graph.enrich.series.moved_days import NO_RUN, run_weekdays
from graph.enrich.series.periods import Days, Ints
from graph.enrich.series.short_series import ABOUT

COVERAGE = 0.94  # share of the pooled past; new data loses a little of it
RUN = 5  # average number of trials of one run, above which the trials count as one
TESTED = 4  # last occurrences of each series that are predicted from those before
KNOWN = 3  # least occurrences before one that is predicted for a trial
FEWEST = 2  # least occurrences for a prediction
LOOSELY = 3  # days by which a probable series may leave its day, beside what is calibrated;
# one of a long period may by ABOUT days
SHORT, WIDER = 5, 2.0  # occurrences; below that many, the range of days is so much wider
POOL = 5.0  # weight, in occurrences, of the frequency's common spread in a series' own
LEAST_SPREAD = 0.1  # days: no series is so regular that nothing could move it
LEAST_CHANGE = 0.002  # in log amounts: pennies, rounding
USUAL = 3  # last amounts, whose median is expected next
ENDED = 1.5  # periods without an occurrence, and the window, before a series counts as stopped;
LONGER, LONGEST = 1 / 6, 6.0  # for each occurrence so many more: a long one is overdue for long
DISPERSION = 5.0  # by which the log odds of long series are too great for what comes next
AHEAD = 10  # slots after the last occurrence, of which one is not past while a series is active
LAST_DAY = 2932896  # 9999-12-31, the last day that a date can express


@dataclass(frozen=True)
class Course:
    """A series as one occurrence per slot, in order.

    `slots` and `days` are its slot and day, `amounts` the logarithm of the sum of the slot's main
    rows, and `last` the slot's last row number. `run` is the weekday of its payer's runs.
    """

    series: Series
    slots: Ints
    days: Ints
    amounts: Floats
    last: Ints
    run: int = NO_RUN

    @classmethod
    def of(cls, payments: Payments, series: Series) -> "Course":
        main = series.main > 0
        places, slots = series.places[main], series.slots[main]
        names, at = np.unique(slots, return_inverse=True)
        sums = np.bincount(at, payments.amount[places].astype(np.float64))
        last = np.zeros(len(names), dtype=np.int64)
        np.maximum.at(last, at, places)
        run = int(run_weekdays(payments)[last[-1]])
        return cls(series, names, payments.day[last], np.log(sums), last, run)

    @cached_property
    def habits(self) -> Habits:
        return Habits.of(self.series.fit.grid, self.slots, self.days, self.run)

    @cached_property
    def habit(self) -> Habit:
        return self.habits.habit(len(self.slots))

    @cached_property
    def coming(self) -> int:
        """Return the slot of the next occurrence."""
        return _coming(self, len(self.slots))


@dataclass(frozen=True)
class Trial:
    """One past occurrence, predicted from those before it, to measure how wrong predictions are.

    `day` is the day on which it was expected. The errors are in days and in logarithms of amounts;
    the spreads are those known before it. `came` says whether it came in the very next slot, and
    `in_runs` whether its payer pays in runs.
    """

    frequency: str
    day: int
    day_error: float
    day_spread: float
    amount_error: float
    amount_spread: float
    known: int
    came: bool
    in_runs: bool = False


@dataclass(frozen=True)
class Scale:
    """What past predictions of one frequency show: the usual spreads, and how many spreads wide
    a range must be (`day_times`, `amount_times`)."""

    day_spread: float
    day_times: float
    amount_spread: float
    amount_times: float
    coverage: float  # share of the day ranges that held in the trials
    came: float  # share of trials whose occurrence was not missed
    trials: int


@dataclass(frozen=True)
class Expected:
    """The forecast of a series: the next day and amount, each with a range, and the probability
    that both ranges hold.

    Days count from 1970-01-01. Amounts are integers in 1/10,000 of the currency.
    """

    slot: int
    day: int
    first: int
    last: int
    low: int
    high: int
    confidence: float
    known: int
    trials: int


def courses(payments: Payments, series: Sequence[Series]) -> list[Course]:
    return [Course.of(payments, one) for one in series]


def trials(course: Course, hidden: int = 0) -> list[Trial]:
    """Return the last occurrences before the `hidden` newest ones, each predicted from those
    before it."""
    last = len(course.slots) - hidden
    return [_trial(course, at) for at in range(max(last - TESTED, KNOWN), last)]


def _trial(course: Course, at: int) -> Trial:
    best = course.habits.best(at)
    expected = int(course.habits.expected[best, at])
    centre, spread = _amounts(_plain(course, at))
    centre += effect_in(course, at, int(course.slots[at])).sure
    return Trial(
        course.series.frequency, expected, abs(float(course.days[at] - expected)),
        float(course.habits.spread[best, at - 1]), abs(float(course.amounts[at]) - centre), spread,
        at, bool(course.slots[at] == course.slots[at - 1] + 1),
        course.run != NO_RUN,
    )  # fmt: skip


def _amounts(amounts: Floats) -> tuple[float, float]:
    """Return (median of the last amounts, mean absolute step from one amount to the next), in
    logarithms."""
    steps = np.abs(np.diff(amounts))
    return float(np.median(amounts[-USUAL:])), float(steps.mean()) if len(steps) else 0.0


def _plain(course: Course, count: int) -> Floats:
    """Return the first `count` log amounts without the effects of their months."""
    frequency = course.series.fit.grid.frequency
    return without(frequency, course.slots[:count], course.amounts[:count])


def effect_in(course: Course, count: int, slot: int) -> Effect:
    """Return the effect of the slot's month on the amount, estimated from the first `count`
    occurrences."""
    frequency = course.series.fit.grid.frequency
    return month_effect(frequency, course.slots[:count], course.amounts[:count], slot)


def scales(of_all: Sequence[Trial]) -> dict[str, Scale]:
    """Return frequency → its scale, from the trials. The key "" has the scale of all trials
    together, for frequencies that are too rare."""
    by: dict[str, list[Trial]] = defaultdict(list)
    for trial in of_all:
        by[trial.frequency].append(trial)
        by[""].append(trial)
    return {name: _scale(some) for name, some in by.items()}


def _scale(some: Sequence[Trial]) -> Scale:
    occurrences = np.array([t.known for t in some], dtype=np.float64)
    day = np.array([(t.day_error, t.day_spread) for t in some])
    amount = np.array([(t.amount_error, t.amount_spread) for t in some])
    weight = _weights(some)
    day_spread, amount_spread = (float(np.average(spreads[:, 1], weights=weight))
                                 for spreads in (day, amount))  # fmt: skip
    days = day[:, 0] / shrunk(day[:, 1], day_spread, occurrences, LEAST_SPREAD)
    amounts = amount[:, 0] / shrunk(amount[:, 1], amount_spread, occurrences, LEAST_CHANGE)
    times = _quantile(days, weight)
    width = np.floor(times * shrunk(day[:, 1], day_spread, occurrences, LEAST_SPREAD) + 0.5)
    has_come = np.array([t.came for t in some], dtype=np.float64)
    return Scale(
        day_spread, times, amount_spread, _quantile(amounts, np.ones(len(some))),
        float(np.average(day[:, 0] <= width, weights=weight)), float(has_come.mean()), len(some),
    )  # fmt: skip


def _weights(some: Sequence[Trial]) -> Floats:
    """Return the weight of each trial.

    If a payer pays in runs, or most trials are in a few runs, a whole run is late or early. Then
    all payments that were expected on one day and came on one day count as one trial.
    """
    runs = Counter((trial.day, trial.day_error) for trial in some)
    in_few = len(some) > RUN * len(runs)
    each = (runs[t.day, t.day_error] if in_few or t.in_runs else 1 for t in some)
    return 1 / np.array(list(each), dtype=np.float64)


def shrunk(own: Floats, common: float, occurrences: Floats, least: float) -> Floats:
    """Return each series' spread, averaged with the common spread: `own` weighs as many
    `occurrences` as it rests on, `common` weighs POOL. `least` is added."""
    mixed: Floats = (own * occurrences + common * POOL) / (occurrences + POOL) + least
    return mixed


def _quantile(errors: Floats, weight: Floats) -> float:
    """Return the error that the share COVERAGE of the errors does not exceed: the (n + 1) x
    COVERAGE smallest, as conformal prediction requires, or the greatest if n is small.

    `weight` is each error's weight (R. Tibshirani et al., "Conformal prediction under covariate
    shift", NeurIPS 2019).
    """
    order = np.argsort(errors, kind="stable")
    passed = np.cumsum(weight[order])
    at = int(np.searchsorted(passed, (passed[-1] + 1) * COVERAGE - 1e-9))
    return float(errors[order[min(at, len(order) - 1)]])


ENOUGH_TRIALS = 40  # of one frequency; below that the 95 % quantile is a matter of one or two


def scale_of(calibration: dict[str, Scale], frequency: str) -> Scale | None:
    own = calibration.get(frequency)
    return own if own and own.trials >= ENOUGH_TRIALS else calibration.get("", own)


def _coming(course: Course, count: int, after: int | None = None) -> int:
    """Return the slot after the first `count` occurrences, or after the slot `after` if that is
    given.

    If the series pauses at that time of the year, it is the first slot after the pause.
    """
    grid, slots, days = course.series.fit.grid, course.slots[:count], course.days[:count]
    expected = course.habits.habit(count).expected
    if after is not None:
        slots, days = np.append(slots, after), np.append(days, expected(np.array([after])))
    slot = int(slots[-1]) + 1
    if grid.frequency.period > pauses.LONGEST:
        return slot
    resumed = pauses.resumes(slots, days, int(expected(np.array([slot]))[0]))
    return slot if resumed is None else max(slot, int(grid.slots(Days(np.array([resumed])))[0]))


def ahead(
    course: Course, calibration: dict[str, Scale], hidden: int = 0, *, after: int | None = None
) -> Expected | None:
    """Return the forecast of the next occurrence, or of the one after the slot `after`.

    The `hidden` newest occurrences are ignored. Returns None if nothing could be calibrated, or for
    a day after the year 9999.
    """
    count = len(course.slots) - hidden
    scale = scale_of(calibration, course.series.frequency)
    if scale is None or count < FEWEST:
        return None
    slot = np.array([_coming(course, count, after)])
    habit = course.habits.habit(count)
    day = int(habit.expected(slot)[0])
    own = np.array([habit.spread])
    wide = shrunk(own, scale.day_spread, np.array([float(count)]), LEAST_SPREAD)[0]
    wide *= WIDER if count < SHORT else 1.0
    reach = int(np.floor(scale.day_times * wide + 0.5))
    if course.series.is_probable:
        reach = max(reach, LOOSELY if course.series.fit.grid.frequency.period < LONG else ABOUT)
    reach = min(reach, int(course.series.fit.grid.frequency.period // 2))
    if day + reach > LAST_DAY:
        return None
    low, high = Amounts.of(course, count, scale).range(effect_in(course, count, int(slot[0])))
    chance = scale.coverage * _kept(course, count, scale) * _goes_on(course.series)
    return Expected(
        int(slot[0]), day, day - reach, day + reach, low, high, float(chance), count, scale.trials
    )


@dataclass(frozen=True)
class Amounts:
    """The forecast of a series' amounts without the effects of months: `centre` and `reach` (how
    far either way) in logarithms."""

    centre: float
    reach: float

    @classmethod
    def of(cls, course: Course, count: int, scale: Scale) -> "Amounts":
        """Return the forecast from the first `count` occurrences."""
        centre, own = _amounts(_plain(course, count))
        known = np.array([float(count)])
        wide = shrunk(np.array([own]), scale.amount_spread, known, LEAST_CHANGE)[0]
        return cls(centre, scale.amount_times * float(wide))

    def range(self, effect: Effect) -> tuple[int, int]:
        """Return the least and the greatest expected amount, in 1/10,000 of the currency's unit,
        in a month with this effect."""
        centre = self.centre + effect.sure
        reach = min(self.reach, 3.0)  # twenty times either way says enough
        cent = UNIT // 100
        below, above = (
            centre + min(effect.once, 0.0) - reach,
            centre + max(effect.once, 0.0) + reach,
        )
        low = int(np.floor(np.exp(below) / cent)) * cent
        return low, int(np.ceil(np.exp(above) / cent)) * cent


def _kept(course: Course, count: int, scale: Scale) -> float:
    """Return the probability that an agreed day is kept, estimated from the series' own past and
    the common share."""
    agreed = float(course.slots[count - 1] - course.slots[0]) + 1
    return min((count + POOL * scale.came) / (agreed + POOL), 1.0)


def _goes_on(series: Series) -> float:
    """Return the probability that the series goes on.

    A party's payments depend on each other, so log odds are divided by a dispersion (as R.
    Wedderburn's quasi-likelihood, Biometrika 61 (1974), 439).
    """
    odds = series.fit.odds if series.is_probable else series.fit.odds / DISPERSION
    return float(1 - np.exp(-odds))


def is_active(course: Course, today: int) -> bool:
    """Return whether the series goes on.

    It does if its last occurrence is less than ENDED periods ago, or a little more for a long
    series and for one that is usually late. A payment that is missing until then is overdue. The
    days of a seasonal pause do not count.
    """
    frequency = course.series.fit.grid.frequency
    periods = ENDED + min(LONGER * len(course.slots), LONGEST)
    periods += course.coming - int(course.slots[-1]) - 1
    grace = periods * frequency.period + course.series.fit.width / 2 + frequency.tail
    return bool(today - course.days[-1] <= grace)


def next_day(course: Course, today: int) -> int | None:
    """Return the first expected day that is not before `today`; None for an ended series."""
    if not is_active(course, today):
        return None
    slots = course.coming + np.arange(AHEAD)
    coming = course.habit.expected(slots)
    grid = course.series.fit.grid
    coming = coming[list(pauses.going_on(grid, course.slots, course.days, slots, coming))]
    later = coming[(coming >= today) & (coming <= LAST_DAY)]
    return int(later[0]) if len(later) else None


Todays = Mapping[str, int]  # by source


def todays(payments: Payments, now: int) -> Todays:
    """Return source → the day that counts as today in it: the last day of its books that is not
    after `now`.

    So old books can be forecast, too. If one source's books have ended, payments in another source
    are not overdue because of that.
    """
    last = dict.fromkeys(payments.source, now)
    past = np.flatnonzero(payments.day <= now)
    order = past[np.argsort(payments.day[past], kind="stable")]
    last.update(zip(payments.source[order], payments.day[order].tolist(), strict=True))
    return last
