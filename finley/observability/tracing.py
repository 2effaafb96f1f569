"""OpenTelemetry spans of requests and their statements, if a collector is configured.

A span contains routes, phases and kinds of statements. It contains no paths, parameters,
statements, persons or tenants; the log has these under the request's id.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponseBase
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from finley.observability.metrics import method, route
from graph.http import problems

OPERATIONS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "COPY", "SET", "REFRESH"})
# An exception's message may quote request data, so a span contains only the exception's class.
QUIET: dict[str, Any] = {"record_exception": False, "set_status_on_exception": False}
_tracer = trace.get_tracer("finley")
_context = TraceContextTextMapPropagator()


def begin() -> None:
    """Start sending this process's spans in the background.

    The SDK's OTEL_ variables set the address, the sampling and the headers.
    """
    version = str(settings.SPECTACULAR_SETTINGS["VERSION"])
    attributes = {SERVICE_NAME: settings.TRACED_AS, SERVICE_VERSION: version}
    provider = TracerProvider(resource=Resource.create(attributes))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


class TracingMiddleware:
    """Creates a span for each request, in the trace of its `traceparent` header if it has one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        attributes = {
            "http.request.method": method(request),
            "url.scheme": request.scheme or "",
            "finley.request_id": problems.request_id.get(),
        }
        kind = {"context": _context.extract(request.headers), "kind": SpanKind.SERVER, **QUIET}
        with (
            _tracer.start_as_current_span(method(request), attributes=attributes, **kind) as span,
            _statements(),
        ):
            answer = self.get_response(request)
            span.update_name(f"{method(request)} {route(request)}")
            span.set_attribute("http.route", route(request))
            span.set_attribute("http.response.status_code", answer.status_code)
            if answer.status_code >= 500:
                span.set_status(StatusCode.ERROR)
            return answer


@contextmanager
def _statements() -> Iterator[None]:
    """While the block runs, create a span for each statement on Django's connections."""
    with ExitStack() as wrapped:
        for alias in connections:
            wrapped.enter_context(connections[alias].execute_wrapper(_statement))
        yield


def _statement(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    name = operation(sql)
    attributes = {
        "db.system.name": "postgresql",
        "db.operation.name": name,
        "finley.role": context["connection"].alias,
    }
    kind = {"kind": SpanKind.CLIENT, "attributes": attributes, **QUIET}
    with _tracer.start_as_current_span(f"{name} postgresql", **kind) as span:
        try:
            return execute(sql, params, many, context)
        except Exception as error:
            span.set_status(StatusCode.ERROR)
            span.set_attribute("error.type", type(error).__name__)
            raise


def operation(sql: Any) -> str:
    """The kind of the SQL statement, such as SELECT, without its contents."""
    text = sql if isinstance(sql, str) else sql.as_string()
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("--")), "")
    word = first.partition(" ")[0].upper()
    return word if word in OPERATIONS else "OTHER"
