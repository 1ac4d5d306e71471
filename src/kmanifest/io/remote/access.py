"""Credentials and certificates for servers, and on whose behalf content is fetched."""

from kmanifest.startup.typing import Callable, NamedTuple

Login = tuple[str, str]  # name and password


class Credential(NamedTuple):
    """Credentials for a server.

    `login`: name and password, for https and for registries. `identity_token`: for registries, whose token server
    exchanges it for access tokens. `ssh_key_file`: path of a private key, for repositories by SSH.

    >>> from kmanifest import Credential, RemoteOptions
    >>> def credentials(host: str, path: str) -> Credential | None:
    ...     return Credential(ssh_key_file="/keys/team-a") if host == "git.example.com" else None
    >>> remote = RemoteOptions(tenant="team-a", credentials=credentials)
    >>> Credential(("deploy", "s3cret"))
    Credential(a login, no token, no key)
    """

    login: Login | None = None
    identity_token: str = ""
    ssh_key_file: str = ""

    def __repr__(self) -> str:  # without the secrets
        token = "a token" if self.identity_token else "no token"
        key = "a key" if self.ssh_key_file else "no key"
        return f"Credential({'a login' if self.login else 'no login'}, {token}, {key})"


CredentialSource = Callable[[str, str], Credential | None]
"""Returns the credential for a host (`host` or `host:port`) and a path on it, or None."""


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


class Principal(NamedTuple):
    """On whose behalf content is fetched. The store never gives the content of one principal to another.

    `tenant` is the name that the caller chose. `host` and `secrets` are those of the credentials that were used.
    Without credentials, both are empty.
    """

    tenant: str = ""
    host: str = ""
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:  # without the secrets
        return f"Principal({self.tenant!r}, {self.host!r})"
