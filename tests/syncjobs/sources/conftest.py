import pytest

from syncjobs.sandbox.server import Sandbox
from syncjobs.sources import dropbox, gdrive, gmail, zoho_mail


@pytest.fixture(scope="module", autouse=True)
def small_pages():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gmail, "MESSAGES", 4)
        patch.setattr(dropbox, "ENTRIES", 4)
        patch.setattr(gdrive, "FILES", 4)
        patch.setattr(zoho_mail, "ROWS", 6)
        patch.setattr(zoho_mail, "LAP", 2)
        patch.setattr(zoho_mail, "SLICE", 3)
        yield


@pytest.fixture(scope="module")
def box():
    with Sandbox() as sandbox:
        yield sandbox
