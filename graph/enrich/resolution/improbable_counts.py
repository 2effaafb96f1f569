"""Finds counts that are too great for an accident: keys with too many names, names with too many
keys."""

import math
from collections import defaultdict
from collections.abc import Mapping

RARE = 0.05  # probability that any key of a kind has so many names by accident
LIKELY_MORE = 0.2  # least share of keys with two names that have a third
LEAST, MOST = 3, 50  # bounds of the names of a key (keys of a name) by accident


def beyond_accident(counts: Mapping[tuple[str, str], int]) -> list[tuple[str, str]]:
    """Return the keys whose count is too great for an accident, compared with other keys of the
    same kind.

    A key is (kind, value), and `counts` says with how many names or keys it occurs.
    """
    by_kind: defaultdict[str, list[int]] = defaultdict(list)
    for (kind, _), count in counts.items():
        by_kind[kind].append(count)
    limits = {kind: _limit(kind_counts) for kind, kind_counts in by_kind.items()}
    return [key for key, count in counts.items() if count > limits[key[0]]]


def _limit(counts: list[int]) -> int:
    """Return the greatest of the counts of one kind that may be an accident.

    A share of the keys has more than one, and of these a ratio has still one more. The ratio is
    assumed to be constant (a geometric tail). Both are estimated without the greatest hundredth of
    the counts. A count is no accident if the expected number of such counts, n · share ·
    ratio^(count-2), is below RARE.
    """
    usual = sorted(counts)[: -math.ceil(0.01 * len(counts))]
    extra = [count - 1 for count in usual if count > 1]
    several = max(len(extra), 1)
    ratio = max(LIKELY_MORE, 1 - several / sum(extra)) if extra else LIKELY_MORE
    limit = 2 + math.ceil(math.log(RARE / several) / math.log(ratio))
    return min(max(LEAST, limit), MOST - 1)
