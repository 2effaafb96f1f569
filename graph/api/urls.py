"""Questions: /api/v1/graph/…"""

from django.urls import path

from graph.api import asking, exporting, following, views

urlpatterns = [
    path("stats/", asking.StatsView.as_view(), name="graph-stats"),
    path("entities/", views.EntitiesView.as_view(), name="graph-entities"),
    path("entities/<str:entity_id>/", views.EntityView.as_view(), name="graph-entity"),
    path("entities/<str:entity_id>/similar/", views.SimilarView.as_view(), name="graph-similar"),
    path(
        "entities/<str:entity_id>/neighbourhood/",
        asking.NeighbourhoodView.as_view(),
        name="graph-neighbourhood",
    ),
    path("paths/", asking.PathsView.as_view(), name="graph-paths"),
    path("paths/k-shortest/", asking.KShortestView.as_view(), name="graph-k-shortest"),
    path("importance/", asking.ImportanceView.as_view(), name="graph-importance"),
    path("communities/", asking.CommunitiesView.as_view(), name="graph-communities"),
    path("questions/", asking.QuestionsView.as_view(), name="graph-questions"),
    path("questions/<str:question_id>/", asking.QuestionView.as_view(), name="graph-question"),
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
