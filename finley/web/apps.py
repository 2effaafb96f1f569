"""The Django app of the tenants' pages."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "finley.web"
    label = "web"
