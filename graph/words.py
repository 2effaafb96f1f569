"""Numbers formatted for people."""


def bytes_in_words(size: float) -> str:
    """1536 → '1.5 kB' (powers of 1024, as PostgreSQL's pg_size_pretty)."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"
