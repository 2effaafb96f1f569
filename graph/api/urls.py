"""Questions: /api/v1/graph/…"""

from django.urls import path

from graph.api import views

urlpatterns = [
    path("stats/", views.StatsView.as_view(), name="graph-stats"),
    path("entities/", views.EntitiesView.as_view(), name="graph-entities"),
    path("paths/", views.PathsView.as_view(), name="graph-paths"),
    path("importance/", views.ImportanceView.as_view(), name="graph-importance"),
    path("communities/", views.CommunitiesView.as_view(), name="graph-communities"),
    path("insights/<str:layer>/", views.InsightsView.as_view(), name="graph-insights"),
    path(
        "relationships/<str:relationship_id>/",
        views.RelationshipView.as_view(),
        name="graph-relationship",
    ),
]
