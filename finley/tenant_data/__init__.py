"""All data of one tenant: exports, imports and erases it, whatever tables there are."""
