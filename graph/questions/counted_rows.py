"""The parameter `kind` of a question: which kinds of rows it counts."""

from graph.models.choices import MONEY_MOVED, Records

ALL = "all"
KINDS = (*Records.values, ALL)
DEFAULT = Records.PAYMENT.value


def kinds_selected_by(kind: str) -> list[str] | None:
    """Return the kinds of rows (Records) that count for the parameter `kind`, or None if all count.

    "payment" selects all kinds that record money that moved, so fees, too. "all" selects every
    kind. Any other value selects only itself.
    """
    if kind == ALL:
        return None
    return list(MONEY_MOVED) if kind == DEFAULT else [kind]
