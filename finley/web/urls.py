"""The URLs of the pages."""

from django.contrib.auth import views as auth_views
from django.urls import path, reverse_lazy

from finley.web import (
    calendar,
    due,
    imports,
    looked_at,
    overview,
    parties,
    payment,
    payments,
    recurring,
    rejected_rows,
    search,
    take_back,
)
from finley.web.account import account, second_factor, your_data
from finley.web.explore import explorer, whole_graph
from finley.web.review import cases, merging, missed
from finley.web.review import parties as review_parties
from finley.web.sums import open_invoices, spending, sum_rows

urlpatterns = [
    path("", overview.overview, name="overview"),
    path("search/", search.search, name="search"),
    path("search/rows/", search.rows, name="search-rows"),
    path("parties/", parties.parties, name="parties"),
    path("parties/<uuid:entity_id>/", parties.party, name="party"),
    path("parties/<uuid:entity_id>/merge/", merging.merge, name="merge-party"),
    path("parties/<uuid:entity_id>/one/", merging.one_party, name="one-party"),
    path("parties/<uuid:entity_id>/rows/", sum_rows.dealings, name="party-rows"),
    path("payments/", payments.payments, name="payments"),
    path("payments/<uuid:relationship_id>/", payment.payment, name="payment"),
    path("review/", cases.review, name="review"),
    path("review/decide/", cases.decide, name="decide"),
    path("review/<uuid:case_id>/", cases.one, name="case"),
    path("review/parties/", review_parties.queue, name="review-parties"),
    path("review/parties/<uuid:pair>/", review_parties.decide, name="decide-parties"),
    path("review/missed/", missed.queue, name="review-missed"),
    path("review/missed/<uuid:prediction>/", missed.decide, name="decide-missed"),
    path("spending/", spending.spending, name="spending"),
    path("spending/rows/", sum_rows.spending, name="spending-rows"),
    path("cash/rows/", sum_rows.cash, name="cash-rows"),
    path("payments/new/", sum_rows.added, name="new-rows"),
    path("open/", open_invoices.open_invoices, name="open-invoices"),
    path("explore/", whole_graph.whole_graph, name="whole-graph"),
    path("explore/data/", whole_graph.data, name="whole-graph-data"),
    path("explore/<uuid:entity_id>/", explorer.explorer, name="explorer"),
    path("recurring/", recurring.recurring, name="recurring"),
    path("recurring/calendar/", calendar.calendar, name="calendar"),
    path("recurring/due/", due.due, name="due"),
    path("recurring/<uuid:relationship_id>/", recurring.one, name="series"),
    path("import/", imports.imports, name="imports"),
    path("import/<uuid:upload_id>/", imports.one, name="import"),
    path("import/<uuid:upload_id>/same/", imports.same, name="import-same"),
    path("import/<uuid:upload_id>/rows/", sum_rows.of_upload, name="import-rows"),
    path("looked-at/", looked_at.looked_at, name="looked-at"),
    path("import/<uuid:upload_id>/choose/", imports.choose, name="import-choose"),
    path("import/<uuid:upload_id>/confirm/", imports.confirm, name="import-confirm"),
    path("import/<uuid:upload_id>/discard/", imports.discard, name="import-discard"),
    path("import/<uuid:upload_id>/take-back/", take_back.take_back, name="import-take-back"),
    path("import/<uuid:upload_id>/rejects/", rejected_rows.download, name="import-rejects"),
    path("import/<uuid:upload_id>/mend/", rejected_rows.mend, name="import-mend"),
    path("data/", your_data.your_data, name="your-data"),
    path("data/export/", your_data.export, name="data-export"),
    path("data/exports/<uuid:export_id>/", your_data.download, name="data-download"),
    path("data/exports/<uuid:export_id>/delete/", your_data.remove, name="data-remove"),
    path("data/erase/", your_data.erase, name="data-erase"),
    path("data/keep/", your_data.keep, name="data-keep"),
    path("account/", account.account, name="account"),
    path("account/sign-in/", account.SignIn.as_view(), name="sign-in"),
    path("account/sign-out/", auth_views.LogoutView.as_view(next_page="sign-in"), name="sign-out"),
    path("account/tenant/", account.switch, name="switch-tenant"),
    path("account/members/", account.invite, name="invite"),
    path("account/members/<int:member>/remove/", account.remove, name="remove-member"),
    path(
        "account/invitations/<int:member>/",
        account.answer_invitation,
        name="answer-invitation",
    ),
    path("account/tokens/", account.make_token, name="make-token"),
    path("account/tokens/<str:token_key>/revoke/", account.revoke_token, name="revoke-token"),
    path("account/second-factor/", second_factor.enter, name="second-factor"),
    path("account/second-factor/set-up/", second_factor.set_up, name="second-factor-set-up"),
    path("account/second-factor/codes/", second_factor.new_codes, name="second-factor-codes"),
    path("account/second-factor/off/", second_factor.turn_off, name="second-factor-off"),
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
