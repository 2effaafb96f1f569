"""The URLs of the API of job failures (dead letters): /api/v1/job-failures/…"""

from django.urls import path

from syncjobs.api.failures import views

urlpatterns = [
    path("", views.FailuresView.as_view(), name="job-failures"),
    path("groups/", views.GroupsView.as_view(), name="job-failures-groups"),
    path("replay/", views.ReplaysView.as_view(), name="job-failures-replay"),
    path("<str:failure_id>/", views.FailureView.as_view(), name="job-failure"),
    path("<str:failure_id>/replay/", views.ReplayView.as_view(), name="job-failure-replay"),
    path("<str:failure_id>/resolve/", views.ResolveView.as_view(), name="job-failure-resolve"),
    path("<str:failure_id>/ignore/", views.IgnoreView.as_view(), name="job-failure-ignore"),
    path("<str:failure_id>/discard/", views.DiscardView.as_view(), name="job-failure-discard"),
    path("<str:failure_id>/reopen/", views.ReopenView.as_view(), name="job-failure-reopen"),
]
