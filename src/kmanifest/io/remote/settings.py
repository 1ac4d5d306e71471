"""The settings that all downloads of a build have in common."""

from kmanifest.io.remote.access import Credential, CredentialSource, Principal
from kmanifest.io.remote.budget import Budget, NoBudget
from kmanifest.io.remote.hosts import HostPolicy
from kmanifest.startup.typing import Final, NamedTuple

DEFAULT_PROTOCOLS: Final = ("https", "ssh", "oci")


class FetchSettings(NamedTuple):
    """What may be fetched, from where, as whom, and how much.

    `protocols`: `https`, `ssh`, `oci` (charts in registries, over https), `http` and `file`. With `http`, registries on
    this machine may lack TLS. `offline`: use the store only. `max_age`: seconds for which a resolved branch, tag or URL
    is reused; full commit ids are never resolved again. `timeout`: seconds for one download. `max_size`: bytes of one
    repository, chart or index. `budget`: what all downloads of the build share. `tenant` and `credentials`: see
    `RemoteOptions`. With `user_credentials`, git also gets the credentials of the user of this process.
    """

    protocols: tuple[str, ...] = DEFAULT_PROTOCOLS
    hosts: HostPolicy = HostPolicy()
    offline: bool = False
    max_age: float = 0.0
    timeout: float = 300.0
    max_size: int = 1 << 30
    budget: Budget = NoBudget()
    tenant: str = ""
    credentials: CredentialSource | None = None
    user_credentials: bool = False

    def credential_for(self, host: str, path: str) -> Credential | None:
        """Return the credential that the caller has for a path on a host, or None."""
        return None if self.credentials is None else self.credentials(host, path)

    def principal(self, host: str, credential: Credential | None, *secrets: str) -> Principal:
        """Return on whose behalf a request with this credential, and these other secrets, is sent to a host.

        The credentials that the user of this process has for many hosts are those of one principal.
        """
        login, token, key_file = credential or Credential()
        own = (*(login or ("", "")), token, key_file, *secrets)
        user = ("user",) if self.user_credentials else ()
        return (
            Principal(self.tenant, host, own + user)
            if any(own)
            else Principal(self.tenant, "", user)
        )
