"""URLs of questions: /api/v1/graph/…"""

from django.urls import path

from graph.api import (
    changes,
    decision_views,
    diff_view,
    export,
    heavy_views,
    link_views,
    sum_views,
    views,
)

urlpatterns = [
    path("stats/", heavy_views.StatsView.as_view(), name="graph-stats"),
    path("entities/", views.EntitiesView.as_view(), name="graph-entities"),
    path("entities/<str:entity_id>/", views.EntityView.as_view(), name="graph-entity"),
    path("entities/<str:entity_id>/similar/", views.SimilarView.as_view(), name="graph-similar"),
    path(
        "entities/<str:entity_id>/neighbourhood/",
        heavy_views.NeighbourhoodView.as_view(),
        name="graph-neighbourhood",
    ),
    path("paths/", heavy_views.PathsView.as_view(), name="graph-paths"),
    path("paths/k-shortest/", heavy_views.KShortestView.as_view(), name="graph-k-shortest"),
    path("importance/", heavy_views.ImportanceView.as_view(), name="graph-importance"),
    path("communities/", heavy_views.CommunitiesView.as_view(), name="graph-communities"),
    path("questions/", heavy_views.QuestionsView.as_view(), name="graph-questions"),
    path("questions/<str:question_id>/", heavy_views.QuestionView.as_view(), name="graph-question"),
    path("insights/<str:layer>/", views.InsightsView.as_view(), name="graph-insights"),
    path("changes/", changes.ChangesView.as_view(), name="graph-changes"),
    path("changes/stream/", changes.StreamView.as_view(), name="graph-changes-stream"),
    path("diff/", diff_view.DiffView.as_view(), name="graph-diff"),
    path("export/", export.ExportView.as_view(), name="graph-export"),
    path("cases/", decision_views.CasesView.as_view(), name="graph-cases"),
    path("cases/<str:case_id>/", decision_views.CaseView.as_view(), name="graph-case"),
    path(
        "cases/<str:case_id>/decide/",
        decision_views.DecisionView.as_view(),
        name="graph-case-decide",
    ),
    path("resolutions/", decision_views.ResolutionsView.as_view(), name="graph-resolutions"),
    path(
        "resolutions/preview/",
        decision_views.MergePreviewView.as_view(),
        name="graph-resolutions-preview",
    ),
    path(
        "resolutions/<str:pair_id>/decide/",
        decision_views.ResolutionView.as_view(),
        name="graph-resolution-decide",
    ),
    path("predictions/", decision_views.PredictionsView.as_view(), name="graph-predictions"),
    path(
        "predictions/<str:prediction_id>/decide/",
        decision_views.PredictionView.as_view(),
        name="graph-prediction-decide",
    ),
    path("check/", views.CheckView.as_view(), name="graph-check"),
    path("cash-flow/", views.CashFlowView.as_view(), name="graph-cash-flow"),
    path(
        "cash-flow/payments/",
        sum_views.CashFlowPaymentsView.as_view(),
        name="graph-cash-flow-payments",
    ),
    path("due/", views.DueView.as_view(), name="graph-due"),
    path("reconcile/", views.ReconcileView.as_view(), name="graph-reconcile"),
    path("spend/", views.SpendView.as_view(), name="graph-spend"),
    path("spend/payments/", sum_views.SpendPaymentsView.as_view(), name="graph-spend-payments"),
    path("open-items/", views.OpenItemsView.as_view(), name="graph-open-items"),
    path("relationships/", views.RelationshipsView.as_view(), name="graph-relationships"),
    path(
        "relationships/<str:relationship_id>/decide/",
        link_views.LinkDecisionView.as_view(),
        name="graph-relationship-decide",
    ),
    path(
        "relationships/<str:relationship_id>/apart/",
        link_views.ApartView.as_view(),
        name="graph-relationship-apart",
    ),
    path(
        "relationships/<str:relationship_id>/series/",
        sum_views.SeriesView.as_view(),
        name="graph-series",
    ),
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
