"""Measurements of finley. Each module runs alone: `python -m benchmarks.NAME --help`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
django.setup()
