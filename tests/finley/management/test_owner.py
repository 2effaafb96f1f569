"""Django's own commands that are run by the owner say so."""

import pytest
from django.core.management import get_commands, load_command_class


@pytest.mark.parametrize("name", ["migrate", "createsuperuser", "changepassword"])
def test_the_owner_is_the_default_and_the_help_says_so(name: str) -> None:
    command = load_command_class(get_commands()[name], name)
    parser = command.create_parser("manage.py", name)
    assert parser.parse_args([]).database == "owner"
    assert "Default: owner" in parser.format_help()
    assert 'Defaults to the "default"' not in parser.format_help()
