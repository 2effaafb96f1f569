"""Numbers and codes in words for people."""

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


def bytes_in_words(size: float) -> str:
    """1536 → '1.5 kB' (powers of 1024, as PostgreSQL's pg_size_pretty)."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"
