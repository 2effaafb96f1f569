"""Signals about imports, for packages that graph does not import."""

from django.dispatch import Signal

file_imported = Signal()  # sends `user_id` and `file`, the name of a file that a command imported
