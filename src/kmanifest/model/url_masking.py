"""Remove the secrets from URLs that are shown.

Every message, `repr` and origin that contains a URL gets it from here. A test reads the source to check that.
"""

from kmanifest.startup.typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import re

MASK: Final = "***"
CUT: Final = "…"

# A URL in a text: it ends at white space, a quote or an angle bracket.
_URL_IN_TEXT: Final = r"[A-Za-z][A-Za-z0-9+.:-]*://[^\s\"'<>`]+"
_LOGIN_IN_TEXT: Final = r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#\"'<>`]+@"


def mask_url(url: str) -> str:
    """Return a URL without its secrets.

    The login becomes `***`. A query, a fragment and what follows a `;` become `…`, because each may be a token. The
    user name of an SSH URL without a password is shown: it is no secret.

    >>> mask_url("https://ghp_token@host/org/repo?ref=v1")
    'https://***@host/org/repo?…'
    >>> mask_url("git@host:org/repo")
    'git@host:org/repo'
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    end = _login_end(rest, has_scheme=bool(separator))
    login, rest = rest[:end], rest[end:]
    if login and not (_is_ssh(scheme) and _is_user_name(login)):
        login = f"{MASK}@"
    cut = min((index for mark in "?#;" if (index := rest.find(mark)) >= 0), default=-1)
    if cut >= 0:
        rest = rest[: cut + 1] + CUT
    return scheme + separator + login + rest


def mask_urls(text: str, *urls: str) -> str:
    """Return a text, such as the stderr of a process, with all its URLs masked.

    `urls` are URLs that it may contain. They are found even if they contain white space or quotes.
    """
    import re  # for errors only

    for url in urls:
        text = text.replace(url, mask_url(url)) if url else text
    return re.sub(_URL_IN_TEXT, lambda match: mask_url(match[0]), text)


def mask_logins(text: str) -> str:
    """Return a text with the logins of its URLs masked. The rest of each URL is shown."""
    import re  # for errors only

    return re.sub(_LOGIN_IN_TEXT, _mask_login, text)


def _mask_login(match: "re.Match[str]") -> str:
    scheme = match[1]
    login = match[0][len(scheme) :]
    return match[0] if _is_ssh(scheme[:-3]) and _is_user_name(login) else f"{scheme}{MASK}@"


def _login_end(rest: str, *, has_scheme: bool) -> int:
    """Return the index after the `@` that ends the login in the `rest` of a URL after its scheme, or 0.

    A password may contain `@`, so the last one counts. It may also contain a `/`, `?` or `#` that should have been
    escaped. Then what comes before looks like a host with a port that is no number.
    """
    end = min((index for mark in "/?#" if (index := rest.find(mark)) >= 0), default=len(rest))
    authority = rest[:end]
    if "@" in authority:
        return authority.rfind("@") + 1
    _, colon, port = authority.rpartition(":")
    if has_scheme and colon and not port.isdigit() and not port.endswith("]"):
        return rest.rfind("@") + 1
    return 0


def _is_ssh(scheme: str) -> bool:
    return not scheme or scheme.lower().endswith("ssh")


def _is_user_name(login: str) -> bool:
    return ":" not in login
