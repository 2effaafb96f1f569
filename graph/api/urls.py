"""Questions: /api/v1/graph/…"""

from django.urls import path

from graph.api import exporting, following, views, walking

urlpatterns = [
    path("stats/", views.StatsView.as_view(), name="graph-stats"),
    path("entities/", views.EntitiesView.as_view(), name="graph-entities"),
    path("entities/<str:entity_id>/", views.EntityView.as_view(), name="graph-entity"),
    path("entities/<str:entity_id>/similar/", views.SimilarView.as_view(), name="graph-similar"),
    path(
        "entities/<str:entity_id>/neighbourhood/",
        walking.NeighbourhoodView.as_view(),
        name="graph-neighbourhood",
    ),
    path("paths/", walking.PathsView.as_view(), name="graph-paths"),
    path("paths/k-shortest/", walking.KShortestView.as_view(), name="graph-k-shortest"),
    path("importance/", views.ImportanceView.as_view(), name="graph-importance"),
    path("communities/", views.CommunitiesView.as_view(), name="graph-communities"),
    path("insights/<str:layer>/", views.InsightsView.as_view(), name="graph-insights"),
    path("changes/", following.ChangesView.as_view(), name="graph-changes"),
    path("changes/stream/", following.StreamView.as_view(), name="graph-changes-stream"),
    path("export/", exporting.ExportView.as_view(), name="graph-export"),
    path("cash-flow/", views.CashFlowView.as_view(), name="graph-cash-flow"),
    path("relationships/", views.RelationshipsView.as_view(), name="graph-relationships"),
    path(
        "relationships/<str:relationship_id>/explain/",
        views.ExplainView.as_view(),
        name="graph-explain",
    ),
    path(
        "relationships/<str:relationship_id>/",
        views.RelationshipView.as_view(),
        name="graph-relationship",
    ),
]
