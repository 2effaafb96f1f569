"""The URLs of the API about people: sessions, members, tokens and subscriptions."""

from django.urls import path

from finley.api import members, session, subscriptions, tenant_data

urlpatterns = [
    path("session/", session.SessionView.as_view(), name="session"),
    path("members/", members.MembersView.as_view(), name="members"),
    path("members/<int:membership_id>/", members.MemberView.as_view(), name="member"),
    path("invitations/", members.InvitationsView.as_view(), name="invitations"),
    path("invitations/<int:membership_id>/", members.InvitationView.as_view(), name="invitation"),
    path("subscriptions/", subscriptions.SubscriptionsView.as_view(), name="subscriptions"),
    path(
        "subscriptions/<uuid:subscription_id>/",
        subscriptions.SubscriptionView.as_view(),
        name="subscription",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/test/",
        subscriptions.SubscriptionTestView.as_view(),
        name="subscription-test",
    ),
    path(
        "subscriptions/<uuid:subscription_id>/messages/",
        subscriptions.SentView.as_view(),
        name="subscription-messages",
    ),
    path(
        "subscriptions/messages/<uuid:message_id>/replay/",
        subscriptions.SendAgainView.as_view(),
        name="subscription-replay",
    ),
    path("exports/", tenant_data.ExportsView.as_view(), name="tenant-exports"),
    path("exports/<uuid:export_id>/", tenant_data.ExportView.as_view(), name="tenant-export"),
    path(
        "exports/<uuid:export_id>/file/",
        tenant_data.ExportFileView.as_view(),
        name="tenant-export-file",
    ),
    path("erasure/", tenant_data.ErasureView.as_view(), name="erasure"),
    path(
        "erasures/<str:secret>/",
        tenant_data.CertificateView.as_view(),
        name="erasure-certificate",
    ),
    path("tokens/", members.TokensView.as_view(), name="tokens"),
    path("tokens/<str:token_key>/", members.TokenView.as_view(), name="token"),
]
