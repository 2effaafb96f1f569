"""What columns are called in books of many kinds: role → names, the likeliest first."""

import re

from graph.ingest.columns import slug


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROLES = {
    "date": _names(
        "transaction date, posting date, posted date, payment date, paid date, date paid, date of "
        "payment, expense date, donation date, booking date, date, invoice date, effective date, "
        "value date, posted, completed date, created, completed, timestamp, time, buchungstag, "
        "buchungsdatum, datum, fecha, date operation, data"
    ),
    "amount": _names(
        "net amount, amount net, amount excluding vat, amount excl vat, amount ex vat, donation "
        "amount, transaction amount, payment amount, invoice amount, amount, net value, net, "
        "value, total amount, invoice total, amount inc vat, amount incl vat, amount including "
        "vat, gross amount, gross, total, amount paid, sum, cost, price, paid, spend, betrag, "
        "umsatz, montant, importe, importo"
    ),
    "debit": _names(
        "paid out, money out, debit amount, debit, withdrawals, withdrawal, payments out, amount "
        "out, spent, dr, soll, debito"
    ),
    "credit": _names(
        "paid in, money in, credit amount, credit, deposits, deposit, payments in, amount in, "
        "received, cr, haben, credito"
    ),
    "balance": _names("running balance, closing balance, account balance, balance, saldo"),
    "vendor": _names(
        "supplier name, vendor name, merchant name, beneficiary name, payee name, creditor name, "
        "supplier, vendor, merchant, beneficiary, payee, creditor, recipient, paid to, seller, "
        "contractor, provider"
    ),
    "counterparty": _names(
        "counterparty name, counter party name, counterparty, counter party, payee name, "
        "beneficiary name, payee, beneficiary, merchant name, merchant, transaction name, name, "
        "other party, party, recipient, empfanger, beguenstigter zahlungspflichtiger, "
        "beguenstigter, zahlungspflichtiger, "
        "auftraggeber, description, transaction description, details, narrative, reference, memo, "
        "verwendungszweck, libelle, concepto"
    ),
    "employee": _names(
        "employee name, employee, claimant name, claimant, staff member, staff name, traveller, "
        "submitted by, claimed by, cardholder name, cardholder, card holder, user"
    ),
    "customer": _names(
        "customer name, customer, client name, client, bill to, debtor, buyer, account customer, "
        "sold to, invoiced to, contact name, company"
    ),
    "donor": _names("donor name, donor, supporter name, supporter, contributor, given by"),
    "department": _names(
        "directorate, department, department name, service area, service, organisational unit, "
        "organizational unit, cost centre name, cost center name, cost centre, cost center, "
        "expense area, division, business unit, portfolio, body name, body, organisation, "
        "organisation name, entity, team"
    ),
    "account": _names(
        "own account, auftragskonto, account name, account, bank account, account number, account "
        "no, from account, card, card number, wallet, konto"
    ),
    "project": _names("campaign, appeal, fund, designation, project, cause, programme"),
    "document": _names(
        "invoice number, invoice no, invoice ref, invoice, invoice id, document number, document "
        "no, document ref, document reference, order number, purchase order, po number, receipt "
        "number, receipt no, bill number, claim number, claim no, claim ref, claim reference, "
        "expense report, report number, payment reference, reference, ref, po ref, transaction "
        "number, transaction no, transaction ref, trans no, voucher number, voucher no"
    ),
    "publication": _names(
        "file month, file name, source file, publication, published, extract date"
    ),
    "due": _names("due date, date due, payment due, due by, due on, due"),
    "description": _names(
        "description, transaction description, details, purpose, narrative, memo, purpose of "
        "expenditure, purpose of spend, expense type, expenditure category, expense category, "
        "category, merchant category, particulars, notes, reference, verwendungszweck, "
        "buchungstext, libelle, concepto"
    ),
    "currency": _names(
        "currency, currency code, ccy, iso currency, curr, wahrung, waehrung, devise"
    ),
    "id": _names(
        "transaction number, transaction no, transaction id, transaction ref, transaction "
        "reference, trans no, trans id, internal ref, line id, entry no, entry number, journal id, "
        "voucher number, voucher no, payment id, payment number, expense id, donation id, claim "
        "line id, charge id, unique id, uuid, guid, id"
    ),
    "weak_id": _names(
        "invoice number, invoice no, invoice id, document number, document no, document ref, "
        "receipt number, receipt no, claim id, claim number, payment reference, payment ref, "
        "reference number, reference, ref, number, no"
    ),
}

# Words beside a name that make it something else: "vat amount" is not the amount.
EXCLUDED = {
    "date": _words("birth by due end expiry from month period start started to updated"),
    "amount": _words(
        "balance code count currency date discount due fee fees foreign id local no number "
        "original outstanding paid paid_in qty quantity rate refund refunded tax tip type units "
        "vat"
    ),
    "debit": _words("account card date direct type"),
    "credit": _words("account card date note type"),
    "department": _words("category charge code id no number provider type"),
    "account": _words("balance beneficiary code counterparty holder manager to type"),
    "document": _words("amount date status total type"),
    "description": _words("code id number"),
    "id": _words("account client customer donor employee merchant supplier vendor"),
    "weak_id": _words("account customer donor employee merchant supplier vat vendor"),
}
_PARTY_WORDS = _words(
    "account address amount category city code country date email group iban id no number phone "
    "postcode ref reference registration status type url vat"
)

# Strong keys: kind of party → kind of key → names.
KEYS = {
    "vendor": {
        "supplier_id": _names(
            "supplier id, supplier number, supplier no, supplier code, supplier ref, vendor id, "
            "vendor number, vendor no, vendor code, creditor id, creditor number, merchant id, "
            "beneficiary id, payee id"
        ),
        "company_number": _names(
            "company number, company no, company registration number, companies house number"
        ),
        "charity_number": _names("charity number, charity no, registered charity number"),
        "vat_number": _names("vat number, vat registration number, vat no, vat reg no"),
        "iban": _names(
            "counterparty iban, counterparty account, beneficiary iban, payee iban, beneficiary "
            "account, payee account, counterparty account number, kontonummer iban"
        ),
    },
    "customer": {
        "customer_id": _names(
            "customer id, customer number, customer no, customer code, client id, debtor number, "
            "donor id, supporter id"
        ),
        "email": _names("customer email, donor email, email, email address, e mail"),
    },
    "employee": {
        "employee_id": _names("employee id, employee number, employee no, staff id, payroll no"),
        "email": _names("employee email, email, email address"),
    },
    "account": {
        "iban": _names("iban, own iban, account iban"),
        "account_number": _names("account number, account no"),
    },
}

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")


def words(title: str) -> str:
    """'TransactionDate (UTC)' → 'transaction_date_utc', 'Vendor #' → 'vendor_number'."""
    return slug(_CAMEL.sub(" ", title).replace("#", " number "))


def rank(names: tuple[str, ...], title: str, excluded: frozenset[str] = frozenset()) -> int | None:
    """How well a column's title fits a list of names: 0 is best, None not at all.

    A title that only contains a name ("Amount (GBP)", "Supplier Name 1") counts for less than one
    that is it, and not at all with an excluded word beside it.
    """
    asked = words(title)
    joined = asked.replace("_", "")
    exact = [at for at, name in enumerate(names) if slug(name).replace("_", "") == joined]
    if exact:
        return 2 * exact[0]
    within = [at for at, name in enumerate(names) if _holds(asked, slug(name), excluded)]
    return 2 * within[0] + 5 if within else None


def _holds(asked: str, name: str, excluded: frozenset[str]) -> bool:
    if f"_{name}_" not in f"_{asked}_":
        return False
    beside = f"_{asked}_".replace(f"_{name}_", "_", 1).split("_")
    return not excluded & set(beside)


def role_rank(role: str, title: str) -> int | None:
    """`rank` by the role's names and the words that speak against it."""
    party = role in {"vendor", "counterparty", "employee", "customer", "donor", "project"}
    return rank(ROLES[role], title, EXCLUDED.get(role, _PARTY_WORDS if party else frozenset()))
