"""Forms of the actions on failures."""

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from syncjobs.errors import PayloadRefused
from syncjobs.failures import payloads
from syncjobs.failures.masking import indented_json, masked_json
from syncjobs.failures.replay import FASTEST
from syncjobs.failures.settle import NO_REASON, NOTE_CHARACTERS
from syncjobs.models import JobFailure


class Plain(forms.Form):
    """A form without fields. `failure` is the chosen failure if only one is chosen, else None."""

    def __init__(self, *args: Any, failure: JobFailure | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.failure = failure


class ReplayForm(Plain):
    per_minute = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=FASTEST,
        label="How many a minute",
        help_text="Empty: all at once.",
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    payload = forms.CharField(
        required=False,
        label="Payload",
        help_text=(
            f"A JSON object. {payloads.keys_in_words()} The old payload is kept when you change it."
        ),
        widget=UnfoldAdminTextareaWidget({"rows": 8, "class": "font-mono", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.failure is None:
            del self.fields["payload"]
        else:
            del self.fields["per_minute"]
            self.fields["payload"].initial = indented_json(payloads.requested_payload(self.failure))

    def clean_payload(self) -> dict[str, Any] | None:
        """The edited payload; None if it is unchanged."""
        text = self.cleaned_data["payload"]
        try:
            payload = payloads.parsed(text) if text.strip() else {}
            if self.failure is None or payload == masked_json(
                payloads.requested_payload(self.failure)
            ):
                return None
            payloads.edited(self.failure, payload)
        except PayloadRefused as error:
            raise forms.ValidationError(str(error)) from None
        return payload


class NoteForm(Plain):
    note = forms.CharField(
        required=False,
        max_length=NOTE_CHARACTERS,
        help_text="For others who see it later. Optional.",
        widget=UnfoldAdminTextInputWidget(),
    )


class ReasonForm(Plain):
    reason = forms.CharField(
        max_length=NOTE_CHARACTERS,
        error_messages={"required": NO_REASON},
        help_text="Why it will never be needed.",
        widget=UnfoldAdminTextInputWidget(),
    )
