"""The providers that finley syncs, declared once, as data.

The choices of every `provider` column and parameter, the source modules, arq's tasks, the backoff
and the names in Nango's webhooks follow from PROVIDERS. Another provider is one entry here, the
module `syncjobs/sources/<name>.py` and one migration: docs/how-to/add-a-provider.md.

Settings read this module, so it imports nothing of Django.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProviderDeclaration:
    """The declaration of one provider.

    `title` is its name for people, `aliases` are Nango's names for it in webhooks besides `name`.
    `backoff`: seconds before the second attempt of a sync, doubled for each further one. `pace`:
    minimum seconds between two requests.
    """

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    backoff: float = 30.0
    pace: float = 0.0

    @property
    def task(self) -> str:
        """The name of arq's function that syncs a connection of this provider."""
        return f"{self.name}_sync"


PROVIDERS = (
    ProviderDeclaration("gmail", "Gmail", aliases=("google-mail",)),
    ProviderDeclaration("dropbox", "Dropbox"),
    ProviderDeclaration("gdrive", "Google Drive", aliases=("google-drive",)),
    ProviderDeclaration("zoho_mail", "Zoho Mail", aliases=("zoho-mail",), backoff=45.0, pace=2.0),
)

BY_NAME = {provider.name: provider for provider in PROVIDERS}
