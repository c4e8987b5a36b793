"""S20: what is said of a connection holds no password, however it was written."""

import ssl

import pytest

from notify_server.kit.remote import scrubbed, tls_fault, without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mongodb://db.example/notify", "mongodb://db.example/notify"),
        ("mongodb://joe:s3cret@a,b/notify?w=1", "mongodb://joe:***@a,b/notify?w=1"),
        ("redis://:s3cret@h:1/0", "redis://:***@h:1/0"),
        ("mongodb://joe:s3/cr@et@h/x", "mongodb://joe:***@h/x"),
        ("sqlite:////srv/a@b.db", "sqlite:////srv/a@b.db"),
        ("data/notify.db", "data/notify.db"),
    ],
)
def test_url_that_is_shown_has_no_password(url, shown):
    assert without_password(url) == shown


def test_message_that_quotes_the_password_is_scrubbed_in_both_spellings():
    url = "mongodb://joe:s%2Fcret@h/x"
    assert scrubbed("bad s%2Fcret and s/cret of joe", url) == "bad *** and *** of joe"
    assert scrubbed("nothing to hide", "mongodb://h/x") == "nothing to hide"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "wrong version number"),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired",
            "expired",
        ),
    ],
)
def test_tls_fault_is_found_behind_other_errors(said, told):
    error = ConnectionError("away")
    assert tls_fault(error) is None
    error.__cause__ = ssl.SSLError(1, said)
    assert tls_fault(error).endswith(f": {told}")
