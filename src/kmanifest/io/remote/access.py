"""Credentials and certificates for servers."""

from kmanifest.startup.typing import NamedTuple

Login = tuple[str, str]  # name and password


class Credential(NamedTuple):
    """Credentials for a registry: a login, an identity token or both.

    The registry's token server exchanges the identity token for access tokens.
    """

    login: Login | None = None
    identity_token: str = ""

    def __repr__(self) -> str:  # without the secrets
        token = "a token" if self.identity_token else "no token"
        return f"Credential({'a login' if self.login else 'no login'}, {token})"


class Certificates(NamedTuple):
    """Paths of certificate files.

    `ca_file` has additional trusted CA certificates. `cert_file` and `key_file` are the client's certificate and key.
    """

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


class Access(NamedTuple):
    """A login and certificates for one server.

    With `passes_login`, the login is also sent to other servers that the first one refers to.
    """

    login: Login | None = None
    passes_login: bool = False
    certificates: Certificates = Certificates()

    def __repr__(self) -> str:  # without the password
        return f"Access({'a login' if self.login else 'no login'}, {self.certificates!r})"

    def without_login(self) -> "Access":
        """Return the access for another server: without the login and the client certificate."""
        return Access(certificates=Certificates(self.certificates.ca_file))
