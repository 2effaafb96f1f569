"""Names that a person should judge: offered with a reason, or not at all."""

import pytest

from graph.enrich.resolution.name_words import read
from graph.enrich.resolution.resolve import Party, resolve

OTHERS = (
    "Oak Water Services Ltd", "Meadow Dairy", "Tin Roof Store Ltd", "Palm Depot Ltd",
    "Northern Coach Hire", "The Fenmoor Bakery", "Blue Gate Printers Ltd", "County Paints plc",
)  # fmt: skip


def found(*names, kind="vendor"):
    every = [*names, *OTHERS]
    parties = [Party(f"{at:03d}", kind, name, events=1) for at, name in enumerate(every)]
    label = dict(zip((party.id for party in parties), every, strict=True))
    return [
        ({label[pair.kept], label[pair.merged]}, pair.decided, pair.reason)
        for pair in resolve(parties)
    ]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("HARE WIRE", "HARE WIRE TELEVISION LTD", "lacks 'television'"),
        ("FALCON SECURITY", "Falcon Security Services", "lacks 'services'"),
        ("INVENTIVE INTELL", "INVENTIVE INTELLIGENCE AGENCY LTD", "cut within a word"),
        ("ISPR", "INSTITUTE FOR SOCIAL POLICY RESEARCH", "the initials"),
        ("L B MARLEY & FULBROOK", "LONDON BOROUGH OF MARLEY AND FULBROOK", "local authority"),
        ("Rothwick MBC", "Rothwick Metropolitan Borough Council", "local authority"),
        ("FALCON WAST MGMT", "Falcon Waste Management Ltd", "words short for"),
        ("Joan Elderwick t/a Silver Kettle", "Silver Kettle", "states 'silver kettle'"),
        ("Silver Kettle (Joan Elderwick)", "Joan Elderwick trading as Silver Kettle", "states"),
    ],
)
def test_what_is_offered(one, other, reason):
    [(names, decided, why)] = found(one, other)
    assert (names, decided) == ({one, other}, "open")
    assert reason in why


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PAXTON MEDIA LTD", "PAXTON MEDIA LTD* IN LIQUIDATION"),
        ("DEEPCELLAR LIMITED", "DEEPCELLAR LIMITED (USE 10012154)"),
        ("HARMONIA AB P768835601", "HARMONIA AB P374281998"),
    ],
)
def test_what_is_merged(one, other):
    [(names, decided, _)] = found(one, other)
    assert (names, decided) == ({one, other}, "automatic")


@pytest.mark.parametrize(
    "names",
    [
        ("Marley City Council", "Marley District Council"),
        ("Customer 10012345", "Customer 10012346"),
        ("ABC Ltd", "Aldwick Bakery Company"),
        ("Hill", "Hill Farm Produce"),
        ("Falcon Ltd", "Falcon Motors plc"),
        ("North Line", "North Line Leeds", "North Line York"),
        ("Unit 4", "Unit 42 Storage"),
    ],
)
def test_what_is_neither(names):
    assert found(*names) == []


def test_persons_are_not_offered():
    assert found("Mary Lamb", "Mary Lamb Carter", kind="employee") == []


def test_many_payments_with_codes_are_one_vendor():
    names = [f"HARMONIA AB P7688356{at:02d}" for at in range(30)]
    merged = [names for names, decided, _ in found(*names) if decided == "automatic"]
    assert len(merged) == 29


def test_a_note_is_no_part_of_a_name():
    assert read("PAXTON MEDIA LTD* IN LIQUIDATION").words == ("paxton", "media")
    assert read("Liquidation Sales Ltd").words == ("liquidation", "sales")
