"""SQL that converts the values of an old column to finley's types. A column of another type is
refused."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Field

NUMBERS = ("smallint", "integer", "bigint", "real", "double precision", "numeric")
TEXTS = ("text", "character varying", "character")
JSONS = ("jsonb", "json")
_UUID = "'^[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}$'"
_ITEMS = (
    "CASE WHEN jsonb_typeof({old}::jsonb) = 'array' "
    "THEN ARRAY(SELECT jsonb_array_elements_text({old}::jsonb)) END"
)
# A value that is not a month becomes 0, which graph.adopting.unstorable_rows rejects.
_MONTHS = (
    "CASE WHEN {old} IS NOT NULL THEN ARRAY(SELECT CASE WHEN month::text ~ '^(0?[1-9]|1[0-2])$' "
    "THEN month::text::smallint ELSE 0::smallint END FROM {months} AS month) END"
)
_JSON_MONTHS = (
    "jsonb_array_elements_text(CASE jsonb_typeof({old}::jsonb) WHEN 'array' "
    "THEN {old}::jsonb ELSE '[]' END)"
)

# Staged type of finley's column → the old type → SQL over the old column, `{old}`.
CASTS: dict[str, dict[str, str]] = {
    "uuid": {
        "uuid": "{old}",
        **dict.fromkeys(TEXTS, f"CASE WHEN {{old}} ~ {_UUID} THEN {{old}}::uuid END"),
    },
    "float8": dict.fromkeys(NUMBERS, "{old}::float8"),
    "numeric": dict.fromkeys(NUMBERS, "round({old}::numeric, 4)"),
    "bigint": dict.fromkeys(NUMBERS[:3], "{old}::bigint"),
    "boolean": {"boolean": "{old}"},
    "timestamptz": {
        "timestamp with time zone": "{old}",
        "timestamp without time zone": "{old} AT TIME ZONE 'UTC'",
        "date": "{old}::timestamp AT TIME ZONE 'UTC'",
    },
    "date": {
        "timestamp with time zone": "({old} AT TIME ZONE 'UTC')::date",
        "timestamp without time zone": "{old}::date",
        "date": "{old}",
    },
    "jsonb": dict.fromkeys(JSONS, "{old}::jsonb"),
    "text[]": {
        "text[]": "array_remove({old}, NULL)",
        "character varying[]": "array_remove({old}::text[], NULL)",
        **dict.fromkeys(JSONS, _ITEMS),
    },
    "smallint[]": {
        **{
            f"{kind}[]": _MONTHS.replace("{months}", "unnest({old})")
            for kind in (*NUMBERS[:3], "text")
        },
        **dict.fromkeys(JSONS, _MONTHS.replace("{months}", _JSON_MONTHS)),
    },
}
STAGED: tuple[tuple[type["Field[object, object]"], str], ...] = (
    (models.UUIDField, "uuid"),
    (models.ForeignKey, "uuid"),
    (models.FloatField, "float8"),
    (models.DecimalField, "numeric"),
    (models.IntegerField, "bigint"),
    (models.BooleanField, "boolean"),
    (models.DateTimeField, "timestamptz"),
    (models.DateField, "date"),
    (models.JSONField, "jsonb"),
    (models.TextField, "text"),
)


def staged_type(field: "Field[object, object]") -> str:
    """Return the PostgreSQL type of finley's column in the staging table.

    The type is so wide that no value fails to be read. Values that finley cannot store are found
    later.
    """
    if isinstance(field, ArrayField):
        return f"{staged_type(field.base_field)}[]".replace("bigint", "smallint")
    return next(staged for kind, staged in STAGED if isinstance(field, kind))


def cast(staged: str, old: str) -> str | None:
    """Return SQL that converts `{old}` from the type `old` to `staged`, or None if that is
    impossible.

    Every type can be converted to text.
    """
    if staged == "text":
        return "{old}::text"
    return CASTS[staged].get(old)


def readable(staged: str) -> str:
    """Return the old types that can be converted to the type `staged`, as text: "a or b"."""
    return " or ".join(CASTS[staged])
