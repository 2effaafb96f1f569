"""Plants bills and mistakes with bills: deductions, case numbers, batches that are paid twice,
repeated lines."""

from __future__ import annotations

from datetime import date

from benchmarks.otherbooks.bank_days import DAY, following
from benchmarks.planted.book_files import Line, Sheets
from benchmarks.planted.long_series import written
from benchmarks.planted.planted_names import Party
from finley.demo.truth import Duplicate, Ref, Reversal, Settlement

EACH = 24


def plant(sheets: Sheets) -> None:
    for kind in (_deductions, _cycles, _case_numbers, _sequences, _paid_twice, _batches, _lines):
        kind(sheets)


def _number(sheets: Sheets) -> str:
    style = sheets.rng.choice(("INV{}", "{}", "SI/{}", "{}/A7"))
    return str(style.format(sheets.rng.randrange(10_000, 999_999)))


def _pence(sheets: Sheets, low: int = 8_000, high: int = 250_000) -> int:
    return sheets.rng.randrange(low, high)


def _deductions(sheets: Sheets) -> None:
    """Plant bills each of whose lines has a deduction, and credit notes that take a bill back
    later."""
    lines, pairs = [], []
    for at in range(EACH):
        party, day = sheets.names.company(), sheets.day()
        code = "Placements" if at % 2 else "Home care"
        for week in range(sheets.rng.randint(2, 5)):
            when = day + DAY * 28 * week
            number = f"{when:%d%b}-{when + DAY * 27:%d%b}".upper() if at % 2 else _number(sheets)
            pence = _pence(sheets) // 100 * 100
            off = pence // sheets.rng.choice((4, 5, 8, 10)) if week else pence
            bill = sheets.ledger(following(when), party, pence, number=number, code=code)
            less = sheets.ledger(
                following(when), party, -off if week else -pence // 3, number=number, code=code,
                text="Client contribution",
            )  # fmt: skip
            lines += [bill, less]
        due = [day + DAY * 28 * week for week in range(week + 1)]
        for own in (lines[-2 * len(due) :: 2], lines[1 - 2 * len(due) :: 2]):
            written(sheets, "bills", "four-weekly", due, own)
    for at in range(EACH):
        party, day, number = sheets.names.company(), sheets.day(90), _number(sheets)
        pence = _pence(sheets)
        bill = sheets.ledger(day, party, pence, number=number)
        later = following(day + DAY * sheets.rng.randint(5, 45))
        part = pence if at % 3 else pence // 2
        text = f"Credit note for {number}"
        back = sheets.ledger(later, party, -part, number=f"CN{_number(sheets)}", text=text)
        sheets.reversals.append(Reversal(back.ref, bill.ref, partial=part != pence))
        lines += [bill, back]
        pairs.append([back.ref, bill.ref])
    sheets.kind("deductions", "reversal", lines, pairs=pairs)


def _cycles(sheets: Sheets) -> None:
    """Plant payments that come back on the same day. The return reverses the payment; the payment
    must not be found to reverse the return."""
    lines, pairs = [], []
    for at in range(EACH):
        party, day, pence = sheets.names.company(), sheets.day(), _pence(sheets)
        lines += [
            sheets.bank(sheets.day(), party, _pence(sheets), "Supplier")
            for _ in range(sheets.rng.randint(0, 3))
        ]
        paid = sheets.bank(day, party, pence, "Supplier")
        back = sheets.bank(day, party, -pence, "Returned" if at % 2 else "Supplier")
        sheets.reversals.append(Reversal(back.ref, paid.ref, partial=False))
        lines += [paid, back]
        pairs.append([back.ref, paid.ref])
    sheets.kind("cycles", "reversal", lines, pairs=pairs)


def _twice(sheets: Sheets, first: Line, day: date) -> list[Ref]:
    """Enter the bill `first` once more on `day`, and note the pair in the truth. Return the
    references of both rows."""
    cells = first.cells
    again = sheets.ledger(
        day, first.party, first.pence, name=cells["Payee"], number=cells["Invoice"],
        text=cells["Text"], code=cells["Code"], directorate=cells["Directorate"],
    )  # fmt: skip
    sheets.duplicates.append(Duplicate(again.ref, first.ref, "paid_twice"))
    return [again.ref, first.ref]


def _case_numbers(sheets: Sheets) -> None:
    """Plant bills over several months under one case number, some of them with equal amounts, none
    of them a duplicate; and other bills that are really paid twice."""
    lines: list[Line] = []
    for _ in range(EACH):
        party, case, day = sheets.names.company(), _number(sheets), sheets.day(200)
        usual = [sheets.rng.randrange(5, 40) * 5_000 for _ in range(3)]
        amounts = [*usual, usual[0], sheets.rng.choice(usual)][: sheets.rng.randint(4, 5)]
        for pence in amounts:
            lines.append(sheets.ledger(day, party, pence, number=case, text="Case costs"))
            day = following(day + DAY * sheets.rng.randint(9, 50))
    pairs = []
    for _ in range(EACH):
        party = sheets.names.company()
        lines += (bills := _ordinary(sheets, party, 4))
        first = sheets.rng.choice(bills)
        pairs.append(_twice(sheets, first, following(first.day + DAY * sheets.rng.randint(4, 40))))
        lines.append(sheets.rows["ledger.csv"][-1])
    sheets.kind("case_numbers", "duplicates", lines, pairs=pairs, cases=[[pair] for pair in pairs])


def _ordinary(sheets: Sheets, party: Party, count: int) -> list[Line]:
    return [
        sheets.ledger(sheets.day(90), party, _pence(sheets), number=_number(sheets))
        for _ in range(count)
    ]


def _sequences(sheets: Sheets) -> None:
    """Plant equal monthly amounts under ascending numbers: 2022/012 and 2022/021 are two bills.
    Other bills are entered twice with a typing error in the number."""
    lines: list[Line] = []
    for at in range(EACH // 2):
        party, price = sheets.names.company(), _pence(sheets)
        day, serial = sheets.day(400), sheets.rng.randrange(2, 12)
        due = [day + DAY * round(30.4 * month) for month in range(sheets.rng.randint(8, 14))]
        for when in map(following, due):
            number = f"{when.year}/{serial:03d}" if at % 2 else f"{serial + 1200}"
            lines.append(sheets.ledger(when, party, price, number=number, text="Monthly fee"))
            serial += 9 if at % 4 == 1 else sheets.rng.randint(1, 3)
        written(sheets, "sequence", "monthly", due, lines[-len(due) :])
    pairs = []
    for _ in range(EACH // 2):
        party = sheets.names.company()
        lines += (bills := _ordinary(sheets, party, 3))
        pairs.append(_swapped(sheets, bills[0]))
        lines.append(sheets.rows["ledger.csv"][-1])
    sheets.kind("sequences", "duplicates", lines, pairs=pairs, cases=[[pair] for pair in pairs])


def _swapped(sheets: Sheets, first: Line) -> list[Ref]:
    """Enter the bill `first` once more with two digits of its number swapped, and note the pair.
    Return the references of both rows."""
    number = first.cells["Invoice"]
    digits = [at for at, char in enumerate(number[:-1]) if char.isdigit()]
    at = next((i for i in digits if number[i + 1].isdigit() and number[i] != number[i + 1]), -1)
    wrong = number if at < 0 else number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    day = following(first.day + DAY * sheets.rng.randint(4, 30))
    again = sheets.ledger(
        day, first.party, first.pence, number=wrong, code=first.cells["Code"],
        directorate=first.cells["Directorate"],
    )  # fmt: skip
    sheets.duplicates.append(Duplicate(again.ref, first.ref, "transposed_number"))
    return [again.ref, first.ref]


def _paid_twice(sheets: Sheets) -> None:
    """Plant bills of three lines that are all entered again later: three pairs, which are one
    finding."""
    lines, pairs, cases = [], [], []
    for _ in range(EACH // 2):
        party, day, number = sheets.names.company(), sheets.day(90), _number(sheets)
        lines += _ordinary(sheets, party, 3)
        bill = [sheets.ledger(day, party, _pence(sheets), number=number, text=text)
                for text in ("Labour", "Materials", "Travel")]  # fmt: skip
        later = following(day + DAY * sheets.rng.randint(5, 40))
        case = [_twice(sheets, line, later) for line in bill]
        lines += [*bill, *sheets.rows["ledger.csv"][-3:]]
        pairs += case
        cases.append(case)
    sheets.kind("lines_paid_twice", "duplicates", lines, pairs=pairs, cases=cases)


def _batches(sheets: Sheets) -> None:
    """Plant batches of five bills of one party and day that are all entered again twenty days
    later, and batches that occur only once."""
    lines, pairs, cases = [], [], []
    for at in range(EACH // 2):
        party, day = sheets.names.company(), sheets.day(90)
        batch = [
            sheets.ledger(day, party, _pence(sheets), number=_number(sheets)) for _ in range(5)
        ]
        lines += batch
        if at % 2:
            case = [_twice(sheets, line, following(day + DAY * 20)) for line in batch]
            lines += sheets.rows["ledger.csv"][-5:]
            pairs += case
            cases.append(case)
        else:
            lines += _ordinary(sheets, party, 5)
    sheets.kind("batches", "duplicates", lines, pairs=pairs, cases=cases)


def _lines(sheets: Sheets) -> None:
    """Plant invoices of several lines, each paid by one transfer of their sum. Some transfers name
    the invoice."""
    lines, pairs = [], []
    for at in range(EACH):
        party = sheets.names.company()
        for _ in range(sheets.rng.randint(1, 4)):
            day, number = sheets.day(90), _number(sheets)
            due = day + DAY * 30
            texts = ("Labour", "Materials", "Travel")[: sheets.rng.randint(1, 3)]
            bill = [
                sheets.bill(day, party, _pence(sheets), number=number, text=text, due=due)
                for text in texts
            ]
            paid = sheets.bank(
                following(due + DAY * sheets.rng.randint(-4, 6)), party,
                sum(line.pence for line in bill), f"Invoice {number}" if at % 2 else "Supplier",
            )  # fmt: skip
            sheets.settles.append(Settlement([x.ref for x in bill], [paid.ref], "purchase"))
            lines += [*bill, paid]
            pairs += [[line.ref, paid.ref] for line in bill]
    sheets.kind("invoice_lines", "settles", lines, pairs=pairs)
