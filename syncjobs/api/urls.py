"""Background work: /api/v1/…"""

from django.urls import include, path

from syncjobs.api import uploads, views, webhooks

urlpatterns = [
    path("syncs/", views.SyncsView.as_view(), name="syncs"),
    path("syncs/<str:run_id>/", views.SyncView.as_view(), name="sync"),
    path("syncs/<str:run_id>/cancel/", views.CancelView.as_view(), name="sync-cancel"),
    path("connections/", views.ConnectionsView.as_view(), name="connections"),
    path("connections/<str:connection_id>/", views.ConnectionView.as_view(), name="connection"),
    path("uploads/", uploads.UploadsView.as_view(), name="uploads"),
    path("uploads/<str:upload_id>/", uploads.UploadView.as_view(), name="upload"),
    path(
        "uploads/<str:upload_id>/pieces/<int:number>/",
        uploads.PieceView.as_view(),
        name="upload-piece",
    ),
    path(
        "uploads/<str:upload_id>/received/", uploads.ReceivedView.as_view(), name="upload-received"
    ),
    path("uploads/<str:upload_id>/mapping/", uploads.MappingView.as_view(), name="upload-mapping"),
    path("uploads/<str:upload_id>/confirm/", uploads.ConfirmView.as_view(), name="upload-confirm"),
    path(
        "uploads/<str:upload_id>/rejected-rows/",
        uploads.RejectedRowsView.as_view(),
        name="upload-rejected-rows",
    ),
    path("job-failures/", include("syncjobs.api.failures.urls")),
    path("webhooks/nango/", webhooks.NangoView.as_view(), name="webhooks-nango"),
]
