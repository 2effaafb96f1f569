"""The URLs of the API of background work: syncs, connections, uploads, job failures and Nango's
webhooks."""

from django.urls import include, path

from syncjobs.api import views, webhooks

urlpatterns = [
    path("syncs/", views.SyncsView.as_view(), name="syncs"),
    path("syncs/<str:run_id>/", views.SyncView.as_view(), name="sync"),
    path("syncs/<str:run_id>/cancel/", views.CancelView.as_view(), name="sync-cancel"),
    path("connections/", views.ConnectionsView.as_view(), name="connections"),
    path("connections/<str:connection_id>/", views.ConnectionView.as_view(), name="connection"),
    path("job-failures/", include("syncjobs.api.failures.urls")),
    path("uploads/", include("syncjobs.api.uploads.urls")),
    path("webhooks/nango/", webhooks.NangoView.as_view(), name="webhooks-nango"),
]
