"""Django's TASKS backend: a project's own tasks, with the guarantees of finley's runs."""
