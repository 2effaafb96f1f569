"""Endpoints of a tenant's subscriptions: webhooks that are sent what happens in the tenant's
books."""

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from finley.api import subscription_serializers as shapes
from finley.api.members import DONE
from graph.api.tenant_view import TenantView
from syncjobs.api.bodies import BoundedJSON
from syncjobs.api.views import NOT_FOUND, READ_ERRORS, SENT
from syncjobs.events import subscriptions

SUBSCRIPTION = OpenApiParameter("subscription_id", OpenApiTypes.UUID, "path")
MESSAGE = OpenApiParameter("message_id", OpenApiTypes.UUID, "path")


class SubscriptionsView(TenantView):
    parser_classes = (BoundedJSON,)

    @extend_schema(
        operation_id="subscriptions_list",
        summary="Your subscriptions",
        responses={200: shapes.SubscriptionsAnswer, **READ_ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Your webhooks, the oldest first."""
        self.parameters(request)
        rows = subscriptions.listed(self.tenant(request))
        return Response(shapes.SubscriptionsAnswer({"results": rows}).data)

    @extend_schema(
        operation_id="subscriptions_create",
        summary="Subscribe a webhook",
        request=shapes.SubscriptionBody,
        responses={201: shapes.NewSubscriptionAnswer, **SENT},
    )
    def post(self, request: Request) -> Response:
        """Create a webhook that is sent what happens from now on. Its secret is shown only once."""
        self.parameters(request)
        wanted = shapes.SubscriptionBody(data=request.data).checked()
        row, secret = subscriptions.create(self.tenant(request), **wanted)
        body = {**shapes.SubscriptionAnswer(row).data, "secret": secret}
        return Response(body, status=201, headers={"Cache-Control": "no-store"})


@extend_schema(parameters=[SUBSCRIPTION])
class SubscriptionView(TenantView):
    @extend_schema(
        operation_id="subscriptions_delete",
        summary="Delete a subscription",
        request=None,
        responses={**DONE, **READ_ERRORS, **NOT_FOUND},
    )
    def delete(self, request: Request, subscription_id: UUID) -> Response:
        """Delete the webhook and the log of its messages."""
        self.parameters(request)
        subscriptions.remove(self.tenant(request), subscription_id)
        return Response(status=204)


@extend_schema(parameters=[SUBSCRIPTION])
class SubscriptionTestView(TenantView):
    @extend_schema(
        operation_id="subscriptions_test",
        summary="Send a test message",
        request=None,
        responses={202: shapes.MessageAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def post(self, request: Request, subscription_id: UUID) -> Response:
        """Send a message of the type `test`. The log shows whether it arrived."""
        self.parameters(request)
        message = subscriptions.test(self.tenant(request), subscription_id)
        return Response(shapes.MessageAnswer(message).data, status=202)


@extend_schema(parameters=[SUBSCRIPTION])
class SentView(TenantView):
    query = shapes.SentQuery

    @extend_schema(
        operation_id="subscriptions_messages",
        summary="What was sent",
        parameters=[shapes.SentQuery],
        responses={200: shapes.SentAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def get(self, request: Request, subscription_id: UUID) -> Response:
        """The newest messages for the webhook, newest first, each with its state, the number of its
        attempts and its last error."""
        parameters = self.parameters(request)
        rows = subscriptions.sent(self.tenant(request), subscription_id, **parameters)
        return Response(shapes.SentAnswer({"results": rows}).data)


@extend_schema(parameters=[MESSAGE])
class SendAgainView(TenantView):
    @extend_schema(
        operation_id="subscriptions_send_again",
        summary="Send a message again",
        request=None,
        responses={202: shapes.MessageAnswer, **READ_ERRORS, **NOT_FOUND},
    )
    def post(self, request: Request, message_id: UUID) -> Response:
        """Send a delivered or failed message again, with the same id. 409 if it is still
        waiting."""
        self.parameters(request)
        message = subscriptions.again(self.tenant(request), message_id)
        return Response(shapes.MessageAnswer(message).data, status=202)
