"""The addresses of the pages."""

from django.contrib.auth import views as auth_views
from django.urls import path, reverse_lazy

from finley.web import account, overview

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("account/", account.account, name="account"),
    path("account/sign-in/", account.SignIn.as_view(), name="sign-in"),
    path("account/sign-out/", auth_views.LogoutView.as_view(next_page="sign-in"), name="sign-out"),
    path("account/tenant/", account.switch, name="switch-tenant"),
    path("account/members/", account.invite, name="invite"),
    path("account/members/<int:member>/remove/", account.remove, name="remove-member"),
    path("account/resume/", account.resume, name="resume"),
    path("account/password/", account.ForgottenPassword.as_view(), name="password-forgotten"),
    path(
        "account/password/sent/",
        auth_views.PasswordResetDoneView.as_view(template_name="web/password_sent.html"),
        name="password-sent",
    ),
    path(
        "account/password/<uidb64>/<token>/",
        auth_views.PasswordResetConfirmView.as_view(
            template_name="web/password_new.html", success_url=reverse_lazy("sign-in")
        ),
        name="password_reset_confirm",
    ),
]
