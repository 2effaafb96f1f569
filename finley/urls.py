"""All URLs of the service."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from finley.mcp import views as mcp
from finley.observability import health
from finley.server.cached_schema import SchemaView
from syncjobs.admin import console

admin.autodiscover()  # finley.apps.AdminConfig leaves it to this module

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("admin/console/", admin.site.admin_view(console.update), name="console"),
    path("admin/", admin.site.urls),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("mcp", mcp.McpView.as_view(), name="mcp"),
    path(".well-known/oauth-protected-resource/mcp", mcp.metadata, name="mcp-metadata"),
    path(".well-known/oauth-protected-resource", mcp.metadata),
    path("api/v1/graph/", include("graph.api.urls")),
    path("api/v1/", include("finley.api.urls")),
    path("api/v1/", include("syncjobs.api.urls")),
    path("", include("finley.web.urls")),
]

handler400 = "finley.server.error_pages.bad_request"
handler403 = "finley.server.error_pages.permission_denied"
handler404 = "finley.server.error_pages.not_found"
handler500 = "finley.server.error_pages.server_error"
