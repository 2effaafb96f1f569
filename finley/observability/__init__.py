"""Health, metrics, traces and logs."""
