"""What helm has told this machine about repositories and registries, and the finder of charts that uses it.

Source: helm v3.22.0 pkg/cli/environment.go, pkg/helmpath/lazypath.go for the places of files.
"""

import os
from collections.abc import Mapping
from functools import cached_property

from kmanifest.cli.flags import Parsed
from kmanifest.cli.helm.inputs import warn
from kmanifest.cli.shared import remotes_of
from kmanifest.engines.helm.sources.config import Logins, RepositoryEntry, load_repositories
from kmanifest.engines.helm.sources.find import ChartQuery, Finder
from kmanifest.engines.helm.sources.servers import RemoteFetcher
from kmanifest.io.remote.access import Access, Certificates, Credential
from kmanifest.io.remote.charts import ChartClient
from kmanifest.io.remote.store import open_store
from kmanifest.model.errors import KmanifestError, MissingError
from kmanifest.startup.typing import Final

_MOST_CONFIG: Final = 16 << 20
_MOST_INDEX: Final = 64 << 20
# What a program that knows logins may want beside what every program gets.
_PASSED: Final = (
    "AWS_*", "AZURE_*", "CLOUDSDK_*", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "GNUPGHOME", "GOOGLE_*", "PASSWORD_STORE_*", "XDG_*",
)  # fmt: skip


class HelmHome:
    """The files in which helm keeps what it knows; flags count before the environment."""

    def __init__(self, values: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._values = values
        self._environment = environment

    @cached_property
    def repositories(self) -> list[RepositoryEntry]:
        """The repositories that helm knows; none where it has no file of them."""
        path = self._path("repository-config", "CONFIG", ".config", "repositories.yaml")
        content = read_optional(path, _MOST_CONFIG)
        return [] if content is None else load_repositories(content)

    def kept_index(self, name: str) -> bytes | None:
        """The index of a repository as helm has last fetched it."""
        directory = self._path("repository-cache", "CACHE", ".cache", "repository")
        if "/" in name or os.sep in name:
            return None
        return read_optional(os.path.join(directory, f"{name}-index.yaml"), _MOST_INDEX)

    @cached_property
    def logins(self) -> Logins:
        """The logins for registries, helm's own before docker's."""
        own = self._path("registry-config", "CONFIG", ".config", "registry/config.json")
        docker = self._environment.get("DOCKER_CONFIG") or os.path.join(self._home, ".docker")
        paths = (own, os.path.join(docker, "config.json"))
        contents = (read_optional(path, _MOST_CONFIG) for path in paths)
        return Logins([content for content in contents if content is not None])

    def login_for(self, host: str) -> Credential | None:
        """What is shown to a registry: what a file says, else what a credential helper knows."""
        found = self.logins.login(host)
        for name, server in () if found else self.logins.helpers(host):
            found = found or _ask_helper(name, server)
        return found

    @property
    def _home(self) -> str:
        return self._environment.get("HOME", "")

    def _path(self, flag: str, kind: str, standard: str, name: str) -> str:
        given = self._values[flag] or self._environment.get(
            "HELM_" + flag.upper().replace("-", "_")
        )
        if given:
            return given
        if own := self._environment.get(f"HELM_{kind}_HOME"):
            return os.path.join(own, name)
        above = self._environment.get(f"XDG_{kind}_HOME") or os.path.join(self._home, standard)
        return os.path.join(above, "helm", name)


def make_finder(parsed: Parsed) -> Finder:
    """The finder of charts for a command line."""
    home = HelmHome(parsed.values, os.environ)
    remotes = remotes_of(parsed.values)
    charts = ChartClient(
        store=open_store(remotes.store),
        offline=remotes.offline,
        max_age=remotes.max_age,
        login_for=home.login_for,
        plain_http=parsed.values["plain-http"],
    )
    return Finder(RemoteFetcher(charts), home.repositories, home.kept_index, warn)


def asked_of(parsed: Parsed) -> ChartQuery:
    """What the command line asks for."""
    values = parsed.values
    version = values["version"].strip() or (">0.0.0-0" if values["devel"] else "")
    return ChartQuery(
        version, values["repo"], access_of(parsed, passes_login=values["pass-credentials"])
    )


def access_of(parsed: Parsed, *, passes_login: bool = False) -> Access:
    """What the flags give to be shown to servers."""
    values = parsed.values
    login = (values["username"], values["password"])
    certificates = Certificates(values["ca-file"], values["cert-file"], values["key-file"])
    return Access(login if all(login) else None, passes_login, certificates)


def fetch_chart(parsed: Parsed, name: str) -> bytes:
    """The packaged chart that a name on the command line stands for."""
    finder = make_finder(parsed)
    place = finder.find(name.strip(), asked_of(parsed))
    content = finder.fetch(place)
    if parsed.values["verify"]:
        from kmanifest.cli.helm.verify import verify_package

        verify_package(parsed, place.file_name, content, finder.fetch_provenance(place))
    return content


def read_optional(path: str, limit: int) -> bytes | None:
    """The content of a file, None where there is none; MissingError where it can't be read."""
    try:
        with open(path, "rb") as stream:
            content = stream.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise MissingError(f"open {path}: {error.strerror or error}") from error
    if len(content) > limit:
        raise MissingError(f"{path} has more than {limit} bytes")
    return content


def _ask_helper(name: str, server: str) -> Credential | None:
    """What a credential helper of docker's knows; None where it is not there or knows nothing."""
    import re
    import shutil

    from kmanifest.engines.helm.sources.config import load_helper_output
    from kmanifest.io.runner import Command, ProcessRunner

    safe = re.fullmatch(r"[A-Za-z0-9_.-]+", name)
    path = shutil.which(f"docker-credential-{name}") if safe else None
    if path is None:
        return None
    runner = ProcessRunner(pass_variables=_PASSED, timeout=20.0, max_output=1 << 20)
    try:
        done = runner.run_process(Command(path, ("get",), stdin=server.encode()))
    except KmanifestError:
        return None
    return None if done.code else load_helper_output(done.output)
