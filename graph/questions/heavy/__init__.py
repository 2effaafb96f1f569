"""Questions that need many steps: what they cost, and their answers by a worker."""
