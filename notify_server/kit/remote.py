"""What is said of a connection to another machine: where it leads, and why it fails.

Never with what is in the URL besides: a password that somebody wrote there is in no message.
"""

import re
from urllib.parse import unquote

_HIDDEN = "***"
_TLS = re.compile(r"\[SSL: (?P<kind>\w+)\] (?P<why>.*?)(?: \(_ssl|$)")


def without_password(url: str) -> str:
    """A URL that may be shown; one whose password holds a bare ``/`` or ``@`` as well."""
    scheme, mark, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    if not mark or not at or scheme == "sqlite":
        return url
    return f"{scheme}://{login.partition(':')[0]}:{_HIDDEN}@{place}"


def scrubbed(text: str, url: str) -> str:
    """A library's message about a URL, without the password of that URL."""
    login = url.partition("://")[2].rpartition("@")[0]
    password = login.partition(":")[2]
    for secret in {password, unquote(password)} - {""}:
        text = text.replace(secret, _HIDDEN)
    return text


def tls_fault(error: BaseException) -> str | None:
    """Why TLS failed, if that is behind an error; else None."""
    seen: BaseException | None = error
    while seen is not None:
        if found := _TLS.search(str(seen)):  # some libraries keep the words alone
            why = found["why"]
            if found["kind"] == "CERTIFICATE_VERIFY_FAILED":
                refused = why.removeprefix("certificate verify failed: ")
                return f"the certificate is not accepted: {refused}"
            return f"no TLS there that both speak: {why}"
        seen = seen.__cause__ or seen.__context__
    return None
