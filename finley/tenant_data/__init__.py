"""All that is kept of one tenant: exported, imported and erased, whatever tables there are."""
