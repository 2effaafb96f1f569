"""Formats durations for people."""

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def text(seconds: float | None) -> str:
    """The two largest units of a duration in seconds, such as "1 h 4 min"; "-" for None."""
    if seconds is None:
        return "-"
    rest, counts = max(0, int(seconds)), []
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        counts.append((count, unit))
    first = next((at for at, (count, _) in enumerate(counts) if count), len(counts) - 1)
    parts = [f"{count} {unit}" for count, unit in counts[first : first + 2] if count]
    return " ".join(parts) or "0 s"
