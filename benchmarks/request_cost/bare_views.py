"""The views with which finley is compared: what plain Django answers about the same rows, without
any of finley's promises.

They have no token, no tenant's transaction, no row-level security, no version and no cache. Their
database connection is the owner's, from a pool as finley's own. `drf` is the REST framework's
ModelSerializer, `django` is one SELECT and JsonResponse.
"""

from typing import Any

from django.db import connections
from django.db.models import Model, QuerySet
from django.http import HttpRequest, JsonResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from graph.models import EnrichedRelationship, NormalizedEntity

ROWS = 20


class _Relationship(serializers.ModelSerializer[EnrichedRelationship]):
    class Meta:
        model = EnrichedRelationship
        fields = "__all__"


class _Entity(serializers.ModelSerializer[NormalizedEntity]):
    class Meta:
        model = NormalizedEntity
        fields = "__all__"


SHAPES: dict[str, type[serializers.ModelSerializer[Any]]] = {
    "relationship": _Relationship,
    "entity": _Entity,
}
ORDER = {"relationship": ("-occurred_at", "-id"), "entity": ("name", "id")}


class DrfView(APIView):
    """One row by its id, or the first 20 of a tenant, by a ModelSerializer."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def get(self, request: Request, kind: str, user_id: str, row_id: str = "") -> Response:
        shape = SHAPES[kind]
        model: type[Model] = shape.Meta.model
        rows: QuerySet[Any] = model._default_manager.using("owner").filter(user_id=user_id)
        if row_id:
            return Response(shape(rows.get(pk=row_id)).data)
        page = rows.order_by(*ORDER[kind])[:ROWS]
        return Response({"results": shape(page, many=True).data})


def django_view(request: HttpRequest, kind: str, user_id: str, row_id: str = "") -> JsonResponse:
    """The row with this id, or the first 20 rows of the tenant, by one SELECT and JsonResponse."""
    model: type[Model] = SHAPES[kind].Meta.model
    key, table = model._meta.pk.column, model._meta.db_table
    with connections["owner"].cursor() as cursor:
        if row_id:
            query = f"SELECT * FROM {table} WHERE user_id = %s AND {key} = %s"  # noqa: S608
            cursor.execute(query, [user_id, row_id])
        else:
            order = ", ".join(
                f"{name.lstrip('-')} {'DESC' if name[0] == '-' else 'ASC'}" for name in ORDER[kind]
            )
            query = f"SELECT * FROM {table} WHERE user_id = %s ORDER BY {order} LIMIT {ROWS}"  # noqa: S608
            cursor.execute(query, [user_id])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return JsonResponse(rows[0] if row_id else {"results": rows})
