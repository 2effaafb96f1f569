"""Puts frequencies of series and sizes in bytes in words for people."""

FREQUENCIES = {  # of graph.models.choices.Frequency
    "weekly": "weekly",
    "fortnightly": "every two weeks",
    "twice_monthly": "twice a month",
    "four_weekly": "every four weeks",
    "thirty_days": "every 30 days",
    "monthly": "monthly",
    "two_monthly": "every two months",
    "quarterly": "quarterly",
    "half_yearly": "half-yearly",
    "yearly": "yearly",
}
STEPS = {  # the number and the unit of a frequency's steps
    "weekly": (1, "weeks"),
    "fortnightly": (2, "weeks"),
    "twice_monthly": (15, "days"),
    "four_weekly": (4, "weeks"),
    "thirty_days": (30, "days"),
    "monthly": (1, "months"),
    "two_monthly": (2, "months"),
    "quarterly": (3, "months"),
    "half_yearly": (6, "months"),
    "yearly": (1, "years"),
}


def how_often(frequency: str, one_of: int = 1) -> str:
    """Return the frequency in words, such as `monthly`. If a series keeps only one of `one_of`
    agreed days, such as `about every 2 months`."""
    if one_of == 1 or frequency not in STEPS:
        return FREQUENCIES.get(frequency, frequency)
    step, unit = STEPS[frequency]
    return f"about every {step * one_of} {unit}"


def bytes_in_words(size: float) -> str:
    """Return a number of bytes in words: 1536 → '1.5 kB' (powers of 1024, as PostgreSQL's
    pg_size_pretty)."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"
