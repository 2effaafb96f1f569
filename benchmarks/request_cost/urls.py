"""finley's URLs, and those of the bare views beside them."""

from django.urls import path

from benchmarks.request_cost.bare_views import DrfView, django_view
from finley.urls import handler400, handler403, handler404, handler500
from finley.urls import urlpatterns as finleys

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("bare/drf/<str:kind>/<str:user_id>/", DrfView.as_view()),
    path("bare/drf/<str:kind>/<str:user_id>/<str:row_id>/", DrfView.as_view()),
    path("bare/django/<str:kind>/<str:user_id>/", django_view),
    path("bare/django/<str:kind>/<str:user_id>/<str:row_id>/", django_view),
    *finleys,
]
