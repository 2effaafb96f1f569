"""Addresses of the embedded servers."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlsplit


@dataclass(frozen=True)
class Servers:
    """Addresses on Unix sockets: libpq URIs of the two roles, and Valkey's URL for redis-py."""

    app_url: str
    owner_url: str
    redis_url: str

    @classmethod
    def over(cls, postgres: Path, valkey: Path) -> Self:
        """The addresses for PostgreSQL's socket folder and Valkey's socket."""
        place = f"@/finley?host={quote(str(postgres), safe='')}"
        return cls(
            app_url=f"postgresql://finley_app{place}",
            owner_url=f"postgresql://finley_owner{place}",
            redis_url=f"unix://{quote(str(valkey))}?db=0",
        )

    @property
    def postgres_host(self) -> str:
        """PostgreSQL's socket folder, for libpq's `host`."""
        return parse_qs(urlsplit(self.owner_url).query)["host"][0]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
