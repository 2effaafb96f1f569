"""The URLs of the API of uploaded files: /api/v1/uploads/…"""

from django.urls import path

from syncjobs.api.uploads import views

urlpatterns = [
    path("", views.UploadsView.as_view(), name="uploads"),
    path("<str:upload_id>/", views.UploadView.as_view(), name="upload"),
    path("<str:upload_id>/pieces/<int:number>/", views.PieceView.as_view(), name="upload-piece"),
    path("<str:upload_id>/choices/", views.ChoicesView.as_view(), name="upload-choices"),
    path("<str:upload_id>/confirm/", views.ConfirmView.as_view(), name="upload-confirm"),
    path("<str:upload_id>/take-back/", views.TakeBackView.as_view(), name="upload-take-back"),
    path("<str:upload_id>/rows/", views.RowsView.as_view(), name="upload-rows"),
    path("<str:upload_id>/rejected-rows/", views.RejectedView.as_view(), name="upload-rejected"),
]
