"""The admin's appearance: django-unfold's ModelAdmin with Django 6.1's signatures."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin import ActionLocation
from django.http import HttpRequest

if TYPE_CHECKING:
    Unfold = admin.ModelAdmin[Any]
else:
    from unfold.admin import ModelAdmin as Unfold


class ModelAdmin(Unfold):
    """The base of every table's admin. unfold 0.110 does not support the location of actions."""

    def get_action_choices(
        self,
        request: HttpRequest,
        default_choices: list[tuple[str, str]] | None = None,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> list[tuple[str, str]]:
        return admin.ModelAdmin.get_action_choices(
            self, request, default_choices or [("", "Select action")], action_location
        )
