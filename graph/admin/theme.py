"""The admin's look: django-unfold's ModelAdmin, in Django 6.1's signatures."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin import ActionLocation
from django.http import HttpRequest

if TYPE_CHECKING:
    Unfold = admin.ModelAdmin[Any]
else:
    from unfold.admin import ModelAdmin as Unfold


class ModelAdmin(Unfold):
    """Every table's admin; unfold 0.110 does not know yet that actions have a location."""

    def get_action_choices(
        self,
        request: HttpRequest,
        default_choices: list[tuple[str, str]] | None = None,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> list[tuple[str, str]]:
        return admin.ModelAdmin.get_action_choices(
            self, request, default_choices or [("", "Select action")], action_location
        )
