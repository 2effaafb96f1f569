"""Recognises words in a payment's description that say that money is given back."""

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns.column_cache import by_row, once
from graph.enrich.columns.payments import Payments

_BACK = re.compile(
    r"(?<![^\W_])(?:refund(?:ed|s)?|return(?:ed|s)?|revers(?:al|ed)|chargebacks?|credit notes?"
    r"|cancel(?:led|lation)?|rejected|recalled|storno|gutschrift|r[uü]ck(?:buchung|lastschrift"
    r"|zahlung)|erstattung|remboursement|avoir|rimborso|reembolso)(?![^\W_])",
    re.IGNORECASE,
)


@lru_cache(maxsize=65_536)
def _is_worded(text: str) -> bool:
    return bool(_BACK.search(text))


@once
def are_worded(payments: Payments) -> NDArray[np.bool_]:
    """Return one boolean per payment: whether its description says that money is given back."""
    return _words(payments).astype(bool)


@by_row
def _words(payments: Payments) -> list[object]:
    return [_is_worded(text) for text in payments.description]
