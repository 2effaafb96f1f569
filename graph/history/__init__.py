"""What the tables held before: rows as they were, recorded by triggers, and tables of the past."""
