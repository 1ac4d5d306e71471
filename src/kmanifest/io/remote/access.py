"""What is shown to a server so that it answers."""

from kmanifest.startup.typing import NamedTuple

Login = tuple[str, str]  # name and password


class Credential(NamedTuple):
    """What a registry knows somebody by: name and password, and a token that its server of tokens gives others for."""

    login: Login | None = None
    identity_token: str = ""

    def __repr__(self) -> str:  # without what is secret
        return f"Credential({'a login' if self.login else 'no login'}, {'a token' if self.identity_token else 'no token'})"


class Certificates(NamedTuple):
    """Files with certificates: of those who are trusted beside the usual, and of this client with its key."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


class Access(NamedTuple):
    """A login and certificates, for one server; with `passes_login` the login is for every server that it sends to."""

    login: Login | None = None
    passes_login: bool = False
    certificates: Certificates = Certificates()

    def __repr__(self) -> str:  # without the password
        return f"Access({'a login' if self.login else 'no login'}, {self.certificates!r})"

    def without_login(self) -> "Access":
        """What may be shown to another server."""
        return Access(certificates=Certificates(self.certificates.ca_file))
