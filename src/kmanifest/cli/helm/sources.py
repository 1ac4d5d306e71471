"""Helm's local files about repositories and registries, and the finder of charts that uses them.

Source: helm v3.22.0 pkg/cli/environment.go, pkg/helmpath/lazypath.go for the paths of files.
"""

import os
from functools import cached_property

from kmanifest.cli.flags import CommandLine
from kmanifest.cli.helm.inputs import print_warning
from kmanifest.cli.shared import helm_remote_options
from kmanifest.engines.helm.sources.config import Logins, RepositoryEntry, load_repositories
from kmanifest.engines.helm.sources.find import ChartQuery, Finder
from kmanifest.engines.helm.sources.servers import RemoteFetcher
from kmanifest.io.remote.access import Access, Certificates, Credential
from kmanifest.io.remote.budget import NoBudget
from kmanifest.io.remote.charts import ChartClient
from kmanifest.io.remote.store import open_store
from kmanifest.io.remote.urls import find_hosts
from kmanifest.model.errors import KmanifestError, MissingError
from kmanifest.pipeline.fetching import fetch_settings
from kmanifest.pipeline.options import Options
from kmanifest.startup.typing import Final, Mapping

_MAX_CONFIG_BYTES: Final = 16 << 20
_MAX_INDEX_BYTES: Final = 64 << 20
# The environment variables that credential helpers may need, in addition to those that every executable gets.
_HELPER_ENVIRONMENT: Final = (
    "AWS_*", "AZURE_*", "CLOUDSDK_*", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "GNUPGHOME", "GOOGLE_*", "PASSWORD_STORE_*", "XDG_*",
)  # fmt: skip


class HelmFiles:
    """Helm's configuration and cache files. Flags take precedence over environment variables."""

    def __init__(self, values: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._values = values
        self._environment = environment

    @cached_property
    def repositories(self) -> list[RepositoryEntry]:
        """The repositories in Helm's repositories.yaml; empty if the file does not exist."""
        path = self._file_path("repository-config", "CONFIG", ".config", "repositories.yaml")
        content = read_optional(path, _MAX_CONFIG_BYTES)
        return [] if content is None else load_repositories(content)

    def cached_index(self, name: str) -> bytes | None:
        """The cached index of a repository; None if Helm has not fetched it."""
        directory = self._file_path("repository-cache", "CACHE", ".cache", "repository")
        if "/" in name or os.sep in name:
            return None
        return read_optional(os.path.join(directory, f"{name}-index.yaml"), _MAX_INDEX_BYTES)

    @cached_property
    def logins(self) -> Logins:
        """The registry logins, those of Helm before those of Docker."""
        helm_file = self._file_path("registry-config", "CONFIG", ".config", "registry/config.json")
        docker_directory = self._environment.get("DOCKER_CONFIG") or os.path.join(
            self._home, ".docker"
        )
        paths = (helm_file, os.path.join(docker_directory, "config.json"))
        contents = (read_optional(path, _MAX_CONFIG_BYTES) for path in paths)
        return Logins([content for content in contents if content is not None])

    def login_for(self, host: str) -> Credential | None:
        """The login for a registry, from a file or else from a credential helper; None if there is none."""
        credential = self.logins.login(host)
        for name, server in () if credential else self.logins.helpers(host):
            credential = credential or _run_credential_helper(name, server)
        return credential

    @property
    def _home(self) -> str:
        return self._environment.get("HOME", "")

    def _file_path(self, flag: str, kind: str, default_directory: str, name: str) -> str:
        explicit = self._values[flag] or self._environment.get(
            "HELM_" + flag.upper().replace("-", "_")
        )
        if explicit:
            return explicit
        if helm_home := self._environment.get(f"HELM_{kind}_HOME"):
            return os.path.join(helm_home, name)
        xdg_directory = self._environment.get(f"XDG_{kind}_HOME") or os.path.join(
            self._home, default_directory
        )
        return os.path.join(xdg_directory, "helm", name)


def make_finder(command_line: CommandLine) -> Finder:
    """The finder of charts with the options of a command line."""
    helm_files = HelmFiles(command_line.values, os.environ)
    named = [command_line.values.get("repo", ""), *command_line.arguments]
    remotes = helm_remote_options(command_line.values, named)
    # The repositories that the user has configured are named by the user.
    urls = (repository.url for repository in helm_files.repositories)
    remotes = remotes._replace(hosts=(*remotes.hosts, *find_hosts(urls)))
    charts = ChartClient(
        fetch_settings(Options(remote=remotes), NoBudget()),
        store=open_store(remotes.store, remotes.max_store),
        login_for=helm_files.login_for,
        plain_http=command_line.values["plain-http"],
    )
    return Finder(
        RemoteFetcher(charts), helm_files.repositories, helm_files.cached_index, print_warning
    )


def chart_query(command_line: CommandLine) -> ChartQuery:
    """The chart version, repository and login that the command line requests."""
    values = command_line.values
    version = values["version"].strip() or (">0.0.0-0" if values["devel"] else "")
    return ChartQuery(
        version,
        values["repo"],
        access_options(command_line, passes_login=values["pass-credentials"]),
    )


def access_options(command_line: CommandLine, *, passes_login: bool = False) -> Access:
    """The login and client certificates from the flags."""
    values = command_line.values
    login = (values["username"], values["password"])
    certificates = Certificates(values["ca-file"], values["cert-file"], values["key-file"])
    return Access(login if all(login) else None, passes_login, certificates)


def fetch_chart(command_line: CommandLine, name: str) -> bytes:
    """Fetch the packaged chart with this name, and verify it if --verify is set."""
    finder = make_finder(command_line)
    location = finder.find(name.strip(), chart_query(command_line))
    content = finder.fetch(location)
    if command_line.values["verify"]:
        from kmanifest.cli.helm.verify import verify_package

        verify_package(command_line, location.file_name, content, finder.fetch_provenance(location))
    return content


def read_optional(path: str, limit: int) -> bytes | None:
    """The content of a file; None if it does not exist. Raises MissingError if it can't be read."""
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


def _run_credential_helper(name: str, server: str) -> Credential | None:
    """The login from one of Docker's credential helpers; None if the helper is missing, fails or has no login."""
    import re
    import shutil

    from kmanifest.engines.helm.sources.config import load_helper_output
    from kmanifest.io.runner import Command, ProcessRunner

    is_safe_name = re.fullmatch(r"[A-Za-z0-9_.-]+", name)
    path = shutil.which(f"docker-credential-{name}") if is_safe_name else None
    if path is None:
        return None
    runner = ProcessRunner(pass_variables=_HELPER_ENVIRONMENT, timeout=20.0, max_output=1 << 20)
    try:
        result = runner.run_process(Command(path, ("get",), stdin=server.encode()))
    except KmanifestError:
        return None
    return None if result.code else load_helper_output(result.output)
