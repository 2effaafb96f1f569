"""Reads MT940's field :86:, which every country and bank fills in its own way.

Four dialects are told apart by what stands in the field:

- German and Polish banks: a code of three digits, then subfields of a mark and two digits
  ("?20", "~20", "<20", …), SEPA's tags ("EREF+", "SVWZ+") within 20 to 29 and 60 to 63;
- Dutch banks and SWIFT's own: words between slashes ("/REMI/", "/NAME/", "/IBAN/");
- banks that write the tags without subfields ("SVWZ+…EREF+…");
- plain text, of which only the description is known.
"""

import re
from dataclasses import dataclass

from graph.ingest.readers.statements.statement import account_number, reference

_SUBFIELDS = re.compile(
    r"\s*(?P<code>[0-9]{3})?(?P<mark>[^0-9A-Za-z\s/:+,.\-])(?P<number>[0-9]{2})"
)
_SEPA = re.compile(
    r"(?:^|(?<=[^A-Z]))(?P<tag>EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|COAM|OAMT|PURP|ANAM|RTRN)\+\s?"
)
_WORD = re.compile(
    r"/(?P<word>TRTP|TRCD|IBAN|BIC|NAME|REMI|EREF|MARF|CSID|BENM|ORDP|ADDR|CNTP|ISDT|RTRN|PREF|ULTD"
    r"|ULTC|ULTB|PURP|CDTR|DBTR|ACCW|ID|SVCL|NRTX|PMTR)(?=/)"
)
_LABELLED = re.compile(
    r"(?:^|\n|\s{2,})(?:NAAM|NAME|NOM)\s?:\s?(?P<name>[^\n]*?)(?=\s{2,}|\n|$)", re.IGNORECASE
)
_FULL = 27  # characters of a German subfield; a text of this length continues without a space


@dataclass(slots=True)
class Details:
    party: str = ""
    account: str = ""
    bic: str = ""
    remittance: str = ""
    end_to_end_id: str = ""
    mandate: str = ""
    creditor_id: str = ""
    ultimate: str = ""
    booking_text: str = ""


def read(text: str) -> Details:
    r"""Return the details in the field, in any dialect. Lines of `text` end with "\n"."""
    flat = text.strip()
    if not flat:
        return Details()
    subfields = _SUBFIELDS.match(flat)
    if subfields and flat.count(subfields["mark"]) >= 2:
        return _german(flat.replace("\n", ""), subfields["mark"])
    if len(_WORD.findall(flat)) >= 2:
        return _slashes(flat.replace("\n", ""))
    if _SEPA.search(flat):
        return _of_sepa(_sepa(" ".join(flat.split("\n"))))
    party_match = _LABELLED.search(flat)
    return Details(
        party=" ".join(party_match["name"].split()) if party_match else "",
        remittance=" ".join(flat.split()),
    )


def _german(flat: str, mark: str) -> Details:
    fields: dict[int, str] = {}
    for piece in re.split(rf"{re.escape(mark)}(?=[0-9]{{2}})", flat)[1:]:
        fields[int(piece[:2])] = piece[2:]
    remitted = [fields[n] for n in (*range(20, 30), *range(60, 64)) if n in fields]
    details = _of_sepa(_sepa(_joined(remitted)))
    name = _joined([fields.get(32, ""), fields.get(33, "")])
    details.party = " ".join(name.split()) or details.party
    details.bic = fields.get(30, "").strip() or details.bic
    account = "".join(fields.get(n, "") for n in (31, 38)).strip()
    details.account = account_number(account) or details.account
    details.booking_text = fields.get(0, "").strip()
    return details


def _joined(lines: list[str]) -> str:
    """Return the lines, which have a fixed width, as one text. A full line continues in the next
    one without a space."""
    text = ""
    for line in lines:
        text += line if len(line) >= _FULL else f"{line} "
    return text.strip()


def _sepa(text: str) -> dict[str, str]:
    """Return SEPA tag → the text after it. The text before the first tag has the key ""."""
    texts: dict[str, str] = {}
    tags = list(_SEPA.finditer(text))
    texts[""] = text[: tags[0].start()].strip() if tags else text.strip()
    for at, tag in enumerate(tags):
        end = tags[at + 1].start() if at + 1 < len(tags) else len(text)
        texts.setdefault(tag["tag"], text[tag.end() : end].strip())
    return texts


def _of_sepa(texts: dict[str, str]) -> Details:
    remitted = texts.get("SVWZ") or texts.get("", "")
    return Details(
        party=texts.get("ANAM", ""),
        account=account_number(texts.get("IBAN", "")),
        bic=texts.get("BIC", ""),
        remittance=" ".join(remitted.split()),
        end_to_end_id=reference(texts.get("EREF", "")),
        mandate=reference(texts.get("MREF", "")),
        creditor_id=texts.get("CRED", ""),
        ultimate=texts.get("ABWA") or texts.get("ABWE") or "",
    )


def _slashes(flat: str) -> Details:
    """Return the details between slashes: "/CNTP/" has account, BIC, name and town, "/BENM/" and
    "/ORDP/" a name."""
    texts: dict[str, str] = {}
    words = list(_WORD.finditer(flat))
    for at, word in enumerate(words):
        end = words[at + 1].start() if at + 1 < len(words) else len(flat)
        value = flat[word.end() + 1 : end].strip("/ ")
        if value:
            texts.setdefault(word["word"], value)
    party = texts.get("CNTP", "").split("/")
    remitted = re.sub(r"^(?:USTD/|STRD/)/?", "", texts.get("REMI", ""))
    return Details(
        party=texts.get("NAME") or (party[2] if len(party) > 2 else ""),
        account=account_number(texts.get("IBAN") or party[0]),
        bic=texts.get("BIC") or (party[1] if len(party) > 1 else ""),
        remittance=" ".join(remitted.split()),
        end_to_end_id=reference(texts.get("EREF", "")),
        mandate=reference(texts.get("MARF", "")),
        creditor_id=texts.get("CSID", ""),
        ultimate=texts.get("ULTD") or texts.get("ULTC") or texts.get("ULTB") or "",
        booking_text=texts.get("TRTP", ""),
    )
