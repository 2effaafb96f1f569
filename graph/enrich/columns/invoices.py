"""Groups the lines of one invoice: rows that share source, currency, party, number and day."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.enrich.columns import numbers
from graph.enrich.columns.column_cache import once
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes
from graph.enrich.columns.payments import Ints, Payments

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Lines:
    """For each payment: the invoice that it is a line of, and the sum of the invoice's lines.

    invoice   a number from 0, the same for the lines of one invoice; a row without a document
              number is an invoice by itself
    net       in 1/10,000 of the currency's unit: the sum of the invoice's lines that the books
              pay, less the lines that they are paid
    """

    invoice: Ints
    net: Ints

    def are_netted(self, one: Ints, other: Ints) -> Flags:
        """Return, for each pair of rows, whether both are lines of one invoice whose sum is not
        zero.

        The smaller line is then a deduction. Lines that sum up to zero reverse each other instead.
        """
        return np.asarray((self.invoice[one] == self.invoice[other]) & (self.net[one] != 0))


@once
def of_lines(payments: Payments) -> Lines:
    number = numbers.of_documents(payments)
    side = sides(payments)
    alone = np.where(number == "", np.arange(len(payments)), -1)
    invoice = codes(payments.source, payments.currency, side.party, number, payments.day, alone)
    net = np.zeros(len(payments), dtype=np.int64)
    np.add.at(net, invoice, np.where(side.outgoing, payments.amount, -payments.amount))
    return Lines(invoice, net[invoice])
