"""Mapping files: what they may say, what is refused and how, and how a header is recognised."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from graph.ingest.mappings import from_toml, mapping, ready_formats
from graph.ingest.mappings.column_names import canonical, slug, squash
from graph.ingest.mappings.mapping import Mapping, MappingError
from graph.ingest.rows_from_file import header

Make = Callable[..., Mapping]


def test_defaults(make_mapping: Make) -> None:
    defaults = make_mapping()
    assert defaults.source == defaults.title == "simple"
    assert defaults.key == mapping.KeyRule(("id",), unique=True)
    assert defaults.file == mapping.FileRule()
    assert defaults.amount == mapping.AmountRule(column="amount")
    assert defaults.publication == defaults.transaction == ()
    assert defaults.payee.keys == (("supplier_id", "supplier_id"),)


def test_without_key_columns_the_key_is_every_column_and_repeats(make_mapping: Make) -> None:
    assert make_mapping(('[key]\ncolumns = ["id"]\n', "")).key == mapping.KeyRule((), False)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('name = "simple"\n', "", "name is missing"),
        ('platform = "ledger"\n', "", "platform is missing"),
        ('column = "date"\n', "", "date.column is missing"),
        ('formats = ["%Y-%m-%d", "%d/%m/%Y"]\n', "", "date.formats is missing"),
        ('"%d/%m/%Y"', '"%d %B"', "date.formats '%d %B' has no year"),
        ('"%d/%m/%Y"', '"%Y %Q"', "directive"),
        ('column = "amount"', "", "amount.column name one column, or else both debit and credit"),
        ('column = "amount"', 'debit = "out"', "amount.column name one column"),
        ('column = "amount"', 'column = "a"\ndebit = "o"\ncredit = "i"', "amount.column name one"),
        ('column = "amount"', 'debit = "o"\ncredit = "i"\npositive = "payer_receives"', "positive"),
        ('column = "amount"', 'column = "a"\nthousands = "."', "thousands is the same as decimal"),
        ('column = "amount"', 'column = "a"\ndecimal = ":"', "amount.decimal must be one of"),
        ('column = "amount"', 'column = "amount"\npositiv = "x"', "did you mean 'positive'?"),
        ('column = "amount"', "column = 7", "amount.column must be a column's name, not 7"),
        ('column = "amount"', 'column = "£"', "has no letter or digit"),
        ('kind = "vendor"', 'kind = "supplier"', "payee.kind must be one of 'vendor'"),
        ('kind = "vendor"\nname = "supplier"', 'kind = "vendor"', "payee.name name the column"),
        ('columns = ["id"]', 'columns = "id"', "key.columns must be a list of texts"),
        ('columns = ["id"]', "unique = true", "key.unique needs columns"),
        ('columns = ["id"]', 'columns = ["id"]\nunique = 1', "key.unique must be true or false"),
        ('currency = "GBP"', 'currency = "pounds"', "constants.currency"),
        ('currency = "GBP"', "", "constants.currency is missing, and [fields] names no"),
        ("[constants]", '[file]\nencoding = "klingon"\n[constants]', "file.encoding 'klingon'"),
        ("[constants]", '[file]\nencoding = "hex"\n[constants]', "file.encoding 'hex'"),
        ("[constants]", "[file]\nheader_line = -1\n[constants]", "file.header_line must be 0"),
        ("[constants]", "[vat]\n[constants]", "vat is not a key of a mapping"),
        ('formats = ["%Y-%m-%d"', 'timezone = "Mars"\nformats = ["%Y-%m-%d"', "date.timezone"),
        ("[constants]", "[constants", "is not TOML"),
        ("[payee.keys]", "kind_column = 7\n[payee.keys]", "payee.kind_column must be a column's"),
        (
            "[fields]",
            '[payee.not_keys]\niban = "x"\n[fields]',
            "payee.not_keys.iban is none of the",
        ),
        (
            "[fields]",
            '[payee.not_keys]\nsupplier_id = "("\n[fields]',
            "payee.not_keys.supplier_id is not a regular expression",
        ),
        (
            "[fields]",
            "[payee.not_keys]\nsupplier_id = 2\n[fields]",
            "payee.not_keys.supplier_id must",
        ),
    ],
)
def test_what_is_refused_is_named(make_mapping: Make, old: str, new: str, complaint: str) -> None:
    with pytest.raises(MappingError) as refused:
        make_mapping((old, new))
    assert str(refused.value).startswith("simple.toml: ")
    assert complaint in str(refused.value)


def test_the_documented_example_is_a_mapping(tmp_path: Path) -> None:
    text = (Path(__file__).parents[4] / "docs" / "formats.md").read_text(encoding="utf-8")
    (tmp_path / "example.toml").write_text(
        text.partition("```toml\n")[2].partition("```")[0], encoding="utf-8"
    )
    assert from_toml.load(tmp_path / "example.toml").name == "calderdale-invoices"


def test_a_missing_file_is_a_mapping_error(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"nowhere\.toml"):
        from_toml.load(tmp_path / "nowhere.toml")


def test_a_mapping_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"')
    with pytest.raises(MappingError, match=r"latin\.toml: is not UTF-8"):
        from_toml.load(tmp_path / "latin.toml")


def test_ready_formats_go_by_their_names() -> None:
    ready = ready_formats.ready()
    assert {"calderdale-invoices", "calderdale-cards", "oxford"} <= ready.keys()
    assert all(
        name == form.name and (form.recognise or form.header) for name, form in ready.items()
    )


def test_every_real_file_is_recognised_by_its_header(data: Path) -> None:
    files = sorted(data.glob("*/*.csv.gz"))
    formats = {path: ready_formats.recognise(header(path)) for path in files}
    names = [form.name if form else None for form in formats.values()]
    assert names == ["calderdale-invoices", "calderdale-cards"] + ["oxford"] * 17


def test_the_oxford_files_really_have_fourteen_headers(data: Path) -> None:
    headers = set()
    for path in data.glob("oxford/*.csv.gz"):
        with gzip.open(path, "rt", encoding="utf-8-sig") as file:
            headers.add(file.readline())
    assert len(headers) == 14


def test_an_unknown_header_is_not_recognised() -> None:
    assert ready_formats.recognise(["Date", "Amount", "Payee"]) is None


def test_the_format_that_asks_for_more_wins(
    make_mapping: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = make_mapping(more='[recognise]\ncolumns = ["a"]')
    more = make_mapping(more='[recognise]\ncolumns = ["a", "b"]')
    none = make_mapping()
    monkeypatch.setattr(ready_formats, "ready", lambda: {"f": few, "m": more, "n": none})
    assert ready_formats.recognise(["A", "B", "c"]) is more
    assert ready_formats.recognise(["A", "c"]) is few
    assert ready_formats.recognise(["c"]) is None


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Supplier Name ", "supplier_name"),
        ("supplier_name", "supplier_name"),
        ("Net Amount (£)", "net_amount"),
        ("Bénéficiaire", "beneficiaire"),
        ("Währung", "wahrung"),
        ("金额", "金额"),
        ("#", ""),
    ],
)
def test_slug(title: str, name: str) -> None:
    assert slug(title) == name
    assert squash(title) == name.replace("_", "")


def test_canonical_names() -> None:
    aliases = {"supplier": ("Vendor", "Payee")}
    assert canonical(["Payee", "VENDOR", "x"], aliases) == ["payee", "supplier", "x"]
    assert canonical(["Payee", "Supplier"], aliases) == ["payee", "supplier"]
    assert canonical(["Amount", "amount ", "amount_1"], {}) == ["amount_2", "amount_3", "amount_1"]
    assert canonical(["a", "", "£"], {}) == ["a", "column_2", "column_3"]


def test_names_fit_the_mapping_whatever_their_spelling(make_mapping: Make) -> None:
    form = make_mapping(('"supplier_id"\n', '"supplier_ref"\n'))
    assert form.names(["SupplierRef", "ID", "about us"]) == ["supplier_ref", "id", "about_us"]
    assert form.lacks(["id", "date", "supplier"]) == ["amount"]
