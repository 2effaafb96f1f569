"""Which kinds of rows a question counts."""

from graph.models.choices import MONEY_MOVED, Records

ALL = "all"
KINDS = (*Records.values, ALL)
DEFAULT = Records.PAYMENT.value


def meant(kind: str) -> list[str] | None:
    """The kinds that a request's `kind` means; None for all of them.

    `payment` is money that moved, so fees, too; every other kind means itself.
    """
    if kind == ALL:
        return None
    return list(MONEY_MOVED) if kind == DEFAULT else [kind]
