"""Which kinds of rows count in a question."""

from graph.models.choices import MONEY_MOVED, Records

ALL = "all"
KINDS = (*Records.values, ALL)
DEFAULT = Records.PAYMENT.value


def meant(kind: str) -> list[str] | None:
    """The kinds that the parameter `kind` of a request selects; None for all.

    `payment` selects all money that moved, so fees, too. Any other kind selects only itself.
    """
    if kind == ALL:
        return None
    return list(MONEY_MOVED) if kind == DEFAULT else [kind]
