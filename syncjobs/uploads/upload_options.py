"""What a person may decide about an uploaded file: how to read it, and whose account it is."""

from collections.abc import Mapping
from typing import Any

from graph.errors import QuestionError
from graph.ingest.guessing.reading_options import Choices
from graph.ingest.mappings.mapping import RECORDS
from graph.ingest.readers.parts import Hints

OF_ACCOUNT = ("account", "same_account")
DIRECTIONS = ("in", "out")
ONE_OF: dict[str, tuple[str, ...]] = {
    "direction": DIRECTIONS,
    "date_order": ("day", "month"),
    "decimal": (".", ","),
    "records": RECORDS,
    "same_account": ("yes",),
}
NAMES = (*Choices.__dataclass_fields__, *OF_ACCOUNT)
CHOICE_CHARACTERS = 200  # characters of a decision


def must_be_choices(choices: Mapping[str, str]) -> None:
    """Raises QuestionError for the first invalid choice. The value "" means no decision."""
    for name, value in choices.items():
        if name not in NAMES:
            raise QuestionError(f"There is no choice {name}.", name)
        if value and name in ONE_OF and value not in ONE_OF[name]:
            raise QuestionError(f"{value} is no value of {name}.", name)
        if len(value) > CHOICE_CHARACTERS or "\0" in value:
            raise QuestionError(f"{name} has more than {CHOICE_CHARACTERS} characters.", name)
    currency = choices.get("currency", "")
    if currency and not _is_code(currency):
        raise QuestionError("A currency is a code of three letters, as GBP.", "currency")


def hints_of(choices: dict[str, str]) -> Hints:
    """Convert the person's decisions to the hints that the readers of all formats take."""
    of_file = {name: text for name, text in choices.items() if name not in OF_ACCOUNT}
    decided = Choices(**of_file)
    order: Any = decided.date_order or None
    return Hints(
        order,
        decided.currency or None,
        account=choices.get("account", ""),
        same_account=bool(choices.get("same_account")),
        choices=decided,
    )


def _is_code(text: str) -> bool:
    return len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()
