"""Fetch repositories with the git executable and read files from their objects.

One commit is fetched into a bare repository. There is never a work tree, so hooks, filters and links of a
repository have no effect. No configuration file is read. In the command, the settings for credentials and URL
rewriting are taken from the user's git configuration, as kustomize does. In the library, git gets no credentials but
those that the caller gives for the host.

Each connection is checked before it is made. git connects to the addresses that were checked, and does not follow
redirections: the URL of a redirection is checked like the first one, and then fetched.
Source of the fetched commit: kustomize v5.8.2 api/internal/git/cloner.go.
"""

import os
import re
import shlex
from base64 import b64encode
from itertools import takewhile
from urllib.parse import urljoin

from kmanifest.io.remote.access import Credential
from kmanifest.io.remote.hosts import (
    Address,
    find_proxy,
    is_inner,
    literal_address,
    normalized,
    to_address,
)
from kmanifest.io.remote.settings import FetchSettings
from kmanifest.io.remote.store import directory_size
from kmanifest.io.remote.urls import Endpoint, Repository, check_protocol, find_endpoint
from kmanifest.io.runner import Command, ProcessResult, ProcessRunner
from kmanifest.model.cancel import CancelEvent
from kmanifest.model.errors import FetchError, LimitError, PluginError, SourceError
from kmanifest.model.url_masking import mask_url, mask_urls
from kmanifest.startup.typing import Final, Iterator, Mapping, NamedTuple, Sequence

NETWORK_VARIABLES: Final = (
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
"""Environment variables that git always gets besides those of every executable: proxies and CA certificates."""

CREDENTIAL_VARIABLES: Final = (
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GIT_ASKPASS",
    "GIT_PASSWORD",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_USERNAME",
    "SSH_AUTH_SOCK",
    "XDG_CONFIG_HOME",
)
"""Environment variables that git gets in the command only: they lead to credentials of the user."""

_FIXED_VARIABLES: Final = {
    "GCM_INTERACTIVE": "never",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
_SSH_COMMAND: Final = (
    "ssh -oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=5 -oServerAliveCountMax=3"
)
# Without configuration files, agent and default keys. The known host keys of the user are no secret.
_ISOLATED_SSH_OPTIONS: Final = "-F none -oIdentitiesOnly=yes -oIdentityAgent=none"
_GIT_SETTINGS: Final = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("fetch.recurseSubmodules", "false"),
    ("gc.auto", "0"),
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "20"),
    ("maintenance.auto", "false"),
    ("protocol.allow", "never"),
    ("safe.bareRepository", "explicit"),
    ("submodule.recurse", "false"),
    ("transfer.bundleURI", "false"),
)
_MAX_REDIRECTIONS: Final = 3
_REDIRECTED_MESSAGE: Final = re.compile(rb"The requested URL returned error: 30[12378]")
_LOCATION_LINE: Final = re.compile(rb"<= Recv header: location:[ \t]*([^\r\n]+)", re.IGNORECASE)
_MAX_TRACE_SIZE: Final = 1 << 20  # bytes
_REQUEST_SUFFIX: Final = "/info/refs?service=git-upload-pack"
_RESOLVE_TIMEOUT: Final = 10.0  # seconds to resolve a host name
_STALLED_MESSAGE: Final = b"Operation too slow"  # libcurl's message after http.lowSpeedTime
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ssh": 22}
_LOCAL_TIMEOUT: Final = 60.0  # seconds for a command without network access
_MAX_WHOLE_LISTING: Final = (
    4 << 20
)  # bytes; the directories of a larger commit are listed when they are needed

Setting = tuple[str, str]


class Git:
    """Runs the git executable at `path`, as `settings` allow.

    `pass_variables` are patterns of more environment variables for git, if it gets the user's credentials. A running
    git is ended when `cancel` is set.
    """

    def __init__(
        self,
        path: str,
        settings: FetchSettings,
        *,
        pass_variables: Sequence[str] = (),
        cancel: CancelEvent | None = None,
    ) -> None:
        self._path = path
        self._settings = settings
        variables = [*NETWORK_VARIABLES]
        if settings.user_credentials:
            variables += (*CREDENTIAL_VARIABLES, *pass_variables)
        self._runner = ProcessRunner(pass_variables=variables, cancel=cancel)
        self._listing_runner = ProcessRunner(max_output=_MAX_WHOLE_LISTING, cancel=cancel)
        self._lazy_user_settings: Sequence[Setting] | None = None

    def fetch(
        self, repository: Repository, directory: str, credential: Credential | None = None
    ) -> str:
        """Fetch the commit of the repository's ref into the empty directory `directory` and return its id.

        Raises FetchError if that fails, SourceError if a host is not allowed, and LimitError if it takes too much time
        or disk space.
        """
        self._run(repository, ("init", "--quiet", "--bare", "--template=", directory))
        target = self._target(repository, self._rewritten(repository.clone_url), credential)
        for _ in range(_MAX_REDIRECTIONS + 1):
            result = self._fetch_from(repository, target, directory)
            if not result.code:
                break
            if not _REDIRECTED_MESSAGE.search(result.errors):
                raise _failure(repository, result.errors, target.url)
            location = self._find_redirection(repository, target, directory)
            target = self._redirected(repository, target, location)
        else:
            raise FetchError(f"{repository.name}: more than {_MAX_REDIRECTIONS} redirections")
        self._settings.budget.count_fetched(directory_size(directory))
        with open(os.path.join(directory, "FETCH_HEAD"), encoding="latin-1") as stream:
            identity = "".join(takewhile(str.isalnum, stream.readline()))
        if len(identity) not in (40, 64):
            raise FetchError(f"{repository.name}: nothing was fetched")
        return identity

    def list_commit(self, repository: Repository, directory: str, revision: str) -> bytes | None:
        """Return all entries of a commit as `list_directory` does, with whole paths, or None if they are too many."""
        options = ("-r", "-t", "-l", "-z", "--full-tree", "--end-of-options", revision)
        command = (f"--git-dir={directory}", "ls-tree", *options)
        try:
            return self._run(repository, command, runner=self._listing_runner)
        except LimitError:
            self._settings.budget.check_time()
            return None

    def list_directory(self, repository: Repository, directory: str, identity: str) -> bytes:
        """Return the entries of a commit's root directory, or of a tree object.

        Each has the form `mode type id size<TAB>name` and ends with a NUL.
        """
        options = ("-l", "-z", "--full-tree", "--end-of-options", identity)
        return self._run(repository, (f"--git-dir={directory}", "ls-tree", *options))

    def read_objects(
        self, repository: Repository, directory: str, identities: Sequence[bytes]
    ) -> Mapping[bytes, bytes]:
        """Return the contents of objects, by object id. Missing objects are left out."""
        request = b"".join(identity + b"\n" for identity in identities)
        command = (f"--git-dir={directory}", "cat-file", "--batch")
        return dict(_parse_objects(self._run(repository, command, stdin=request)))

    def submodule_urls(
        self, repository: Repository, directory: str, revision: str
    ) -> dict[str, str]:
        """Return the URLs in the `.gitmodules` of a commit, by submodule path."""
        command = ("config", "--blob", f"{revision}:.gitmodules", "--null", "--list")
        values = dict(_parse_settings(self._run(repository, (f"--git-dir={directory}", *command))))
        suffix = ".path"
        return {
            path: values.get(f"{name.removesuffix(suffix)}.url", "")
            for name, path in values.items()
            if name.startswith("submodule.") and name.endswith(suffix)
        }

    # Where git connects to

    def _target(self, repository: Repository, url: str, credential: Credential | None) -> "_Target":
        """Return the target for a URL, with the addresses that git may connect to.

        Raises SourceError if the host is not allowed, FetchError if it has no address.
        """
        endpoint = find_endpoint(url)
        if endpoint is None:  # a local repository
            return _Target(url)
        if not endpoint.host.isascii():  # clients translate such names in different ways
            raise SourceError(f"{repository.name}: the host in the URL must be written in ASCII")
        target = _Target(_unambiguous(url, endpoint), endpoint, credential=credential)
        hosts, is_ssh = self._settings.hosts, endpoint.scheme == "ssh"
        uses_ssh_configuration = is_ssh and self._settings.user_credentials
        if not is_ssh and _has_proxy(endpoint):
            hosts.check_name(endpoint.host, target.port, repository.name)
            return target
        timeout = min(_RESOLVE_TIMEOUT, self._settings.budget.seconds_left())
        try:
            addresses = hosts.addresses(
                endpoint.host,
                target.port,
                timeout,
                repository.name,
                # The user's ssh resolves the name again.
                requires_all=uses_ssh_configuration,
            )
        except OSError as error:
            if uses_ssh_configuration:  # the name may be defined there
                hosts.check_name(endpoint.host, target.port, repository.name)
                return target
            problem = error.strerror or "the name server does not respond"
            raise FetchError(f"{repository.name}: {problem}") from error
        return target._replace(addresses=tuple(addresses))

    def _redirected(self, repository: Repository, previous: "_Target", location: str) -> "_Target":
        """Return the target that a redirection leads to. Another server does not get the credential.

        Raises FetchError unless it is a repository on the same server, or on another one by https and not from the open
        network into an inner one.
        """
        request_url = previous.url.rstrip("/") + _REQUEST_SUFFIX
        url, suffix, _ = urljoin(request_url, location).partition(_REQUEST_SUFFIX)
        problem = f"{repository.name}: it redirects to {mask_url(url)}"
        endpoint = find_endpoint(url)
        if endpoint is None or not suffix or endpoint.scheme not in ("http", "https"):
            raise FetchError(f"{problem}, which is no repository")
        check_protocol(endpoint.scheme, self._settings.protocols, problem)
        is_same_server = previous.is_on(endpoint)
        if endpoint.scheme != "https" and not is_same_server:
            raise FetchError(f"{problem}, another server, not by https")
        url = url.replace(f"{endpoint.login}@", "", 1) if endpoint.login else url
        target = self._target(repository, url, previous.credential if is_same_server else None)
        if target.inner_addresses and not previous.inner_addresses:
            hosts = self._settings.hosts
            if not all(
                hosts.names(endpoint.host, target.port, address)
                for address in target.inner_addresses
            ):
                raise FetchError(f"{problem}, in an internal network")
        return target

    def _find_redirection(self, repository: Repository, target: "_Target", directory: str) -> str:
        """Repeat a request that was redirected, and return the URL of the redirection.

        git does not print the URL. It is in the trace of the request, in which git leaves out credentials.
        """
        trace = os.path.join(directory, "kmanifest-trace")
        variables = (("GIT_TRACE_CURL", trace), ("GIT_TRACE_CURL_NO_DATA", "1"))
        self._fetch_from(repository, target, directory, variables)
        try:
            with open(trace, "rb") as stream:
                locations = _LOCATION_LINE.findall(stream.read(_MAX_TRACE_SIZE))
            os.unlink(trace)
        except OSError:
            locations = []
        if not locations:
            raise FetchError(f"{repository.name}: it redirects to an unknown URL")
        return str(locations[-1].decode("latin-1").strip())

    def _rewritten(self, url: str) -> str:
        """Return the URL that the user's settings `url.*.insteadOf` substitute for a URL."""
        rules = [
            (prefix, name[len("url.") : -len(".insteadof")])
            for name, prefix in self._user_settings()
            if name.startswith("url.") and url.startswith(prefix)
        ]
        if not rules:
            return url
        prefix, base = max(rules, key=lambda rule: len(rule[0]))
        return base + url[len(prefix) :]

    # Processes

    def _fetch_from(
        self,
        repository: Repository,
        target: "_Target",
        directory: str,
        variables: Sequence[tuple[str, str]] = (),
    ) -> ProcessResult:
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
        names = ("--end-of-options", target.url, repository.ref or "HEAD")
        settings, budget = self._settings, self._settings.budget
        max_size = min(settings.max_size, budget.bytes_left())
        limit_name = "max_size" if max_size == settings.max_size else "max_total"
        command = Command(
            self._path,
            arguments=(f"--git-dir={directory}", "fetch", *options, *names),
            environment=(*self._environment(target), *variables),
            timeout=min(repository.timeout, settings.timeout, budget.seconds_left()),
            output_directory=directory,
            max_directory_size=max(max_size, 1),
        )
        return self._run_command(repository, command, limit_name=limit_name)

    def _run(
        self,
        repository: Repository,
        arguments: Sequence[str],
        *,
        stdin: bytes | None = None,
        runner: ProcessRunner | None = None,
    ) -> bytes:
        """Run git without a network and return its stdout."""
        command = Command(
            self._path,
            arguments=tuple(arguments),
            stdin=stdin,
            environment=_environment(_GIT_SETTINGS),
            timeout=min(_LOCAL_TIMEOUT, self._settings.budget.seconds_left()),
        )
        result = self._run_command(repository, command, runner=runner)
        if result.code:
            raise _failure(repository, result.errors)
        return result.output

    def _run_command(
        self,
        repository: Repository,
        command: Command,
        *,
        runner: ProcessRunner | None = None,
        limit_name: str = "",
    ) -> ProcessResult:
        try:
            return (runner or self._runner).run_process(command)
        except LimitError as error:
            self._settings.budget.check_time()
            key = f" ({limit_name})" if limit_name and "bytes" in error.message else ""
            raise type(error)(f"{repository.name}: git: {error.message}{key}") from error
        except PluginError as error:
            raise FetchError(f"{repository.name}: git: {error.message}") from error

    def _environment(self, target: "_Target") -> tuple[tuple[str, str], ...]:
        """Return the variables for a fetch: the settings of git, and the command for ssh."""
        is_web = target.endpoint is not None and target.endpoint.scheme != "ssh"
        allowed = [(f"protocol.{name}.allow", "always") for name in self._settings.protocols]
        user_settings = [
            setting for setting in self._user_settings() if not setting[0].startswith("url.")
        ]
        settings = [*user_settings, *_GIT_SETTINGS, *allowed]
        if is_web:
            settings += target.web_settings()
        variables = [*_environment(settings)]
        if not self._settings.user_credentials:
            # Without a home, libcurl finds no .netrc.
            variables += [("HOME", os.devnull), ("GIT_SSH_VARIANT", "ssh")]
            variables.append(("GIT_SSH_COMMAND", target.ssh_command()))
        elif not self._runner.passes_variable("GIT_SSH_COMMAND"):
            variables.append(("GIT_SSH_COMMAND", _SSH_COMMAND))
        return tuple(variables)

    def _user_settings(self) -> Sequence[Setting]:
        """Return the settings for credentials and URL rewriting in the user's and the system's configuration.

        They are empty in the library: a URL that only a repository names must not get the user's credentials.
        """
        if self._lazy_user_settings is None:
            self._lazy_user_settings = ()
            if self._settings.user_credentials:
                command = Command(self._path, ("config", "--null", "--list"))
                settings = _parse_settings(self._runner.run_process(command).output)
                self._lazy_user_settings = [
                    setting for setting in settings if _is_login_setting(setting[0])
                ]
        return self._lazy_user_settings


class _Target(NamedTuple):
    """Where git connects to. A local repository has no endpoint.

    `addresses` are those that were checked; they are empty if a proxy, or the user's ssh configuration, finds the
    server.
    """

    url: str
    endpoint: Endpoint | None = None
    addresses: tuple[str, ...] = ()
    credential: Credential | None = None

    @property
    def port(self) -> int:
        """The port, also if it is the standard one."""
        if self.endpoint is None:
            return 0
        return self.endpoint.port or _DEFAULT_PORTS.get(self.endpoint.scheme, 0)

    @property
    def inner_addresses(self) -> list[Address]:
        """The addresses that are not in the open network."""
        return [address for address in map(to_address, self.addresses) if is_inner(address)]

    def is_on(self, endpoint: Endpoint) -> bool:
        """Return whether the endpoint is on the same server."""
        own = self.endpoint
        return own is not None and (own.scheme, own.host, self.port) == (
            endpoint.scheme,
            endpoint.host,
            _Target("", endpoint).port,
        )

    def web_settings(self) -> list[Setting]:
        """Return the settings with which git connects to the checked addresses and sends the credential."""
        settings: list[Setting] = []
        if self.endpoint is not None and self.addresses and not literal_address(self.endpoint.host):
            listed = ",".join(f"[{text}]" if ":" in text else text for text in self.addresses)
            # git before 2.37 ignores it. Then libcurl resolves the name again.
            settings += [
                ("http.curloptResolve", f"{host}:{self.port}:{listed}")
                for host in {self.endpoint.host, normalized(self.endpoint.host)}
            ]
        if self.credential is not None and self.credential.login is not None:
            encoded = b64encode(":".join(self.credential.login).encode()).decode()
            settings.append(("http.extraHeader", f"Authorization: Basic {encoded}"))
        return settings

    def ssh_command(self) -> str:
        """Return the command that connects to a checked address, with the given key and nothing of the user's."""
        key_file = (self.credential.ssh_key_file if self.credential else "") or "none"
        options = [f"-oIdentityFile={shlex.quote(key_file)}"]
        if self.endpoint is not None and self.addresses:
            # ssh gets one address; more networks can reach that of IPv4.
            address = min(self.addresses, key=lambda text: ":" in text)
            host = self.endpoint.host
            alias = f"[{host}]:{self.endpoint.port}" if self.endpoint.port else host
            options += [f"-oHostName={address}", f"-oHostKeyAlias={shlex.quote(alias)}"]
        return " ".join((_SSH_COMMAND, _ISOLATED_SSH_OPTIONS, *options))


def _parse_objects(output: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return the ids and contents of objects in the output of `cat-file --batch`. Missing objects are left out."""
    position = 0
    while position < len(output):
        end = output.index(b"\n", position)
        fields = output[position:end].split(b" ")
        position = end + 1
        if len(fields) == 3:
            size = int(fields[2])
            yield fields[0], output[position : position + size]
            position += size + 1


def _parse_settings(output: bytes) -> Iterator[Setting]:
    for record in output.decode("utf-8", "surrogateescape").split("\0"):
        name, separator, value = record.partition("\n")
        if separator:
            yield name, value


def _is_login_setting(name: str) -> bool:
    section, _, key = name.partition(".")
    return (
        section == "credential"
        or (section == "url" and key.endswith(".insteadof"))
        or (section == "http" and key.rpartition(".")[2] == "extraheader")
    )


def _environment(settings: Sequence[Setting]) -> tuple[tuple[str, str], ...]:
    """Return the variables that set git's configuration.

    Every user of the machine can see the arguments of a process, but not its environment.
    """
    numbered = list(enumerate(settings))
    return (
        *_FIXED_VARIABLES.items(),
        ("GIT_CONFIG_COUNT", str(len(numbered))),
        *((f"GIT_CONFIG_KEY_{number}", name) for number, (name, _) in numbered),
        *((f"GIT_CONFIG_VALUE_{number}", value) for number, (_, value) in numbered),
    )


def _has_proxy(endpoint: Endpoint) -> bool:
    return any(find_proxy(scheme, endpoint.address) for scheme in (endpoint.scheme, "all"))


def _unambiguous(url: str, endpoint: Endpoint) -> str:
    """Return a URL whose login contains no `@`, because clients differ in which one ends the login."""
    escaped = endpoint.login.replace("@", "%40")
    return url.replace(f"{endpoint.login}@", f"{escaped}@", 1) if "@" in endpoint.login else url


def _failure(repository: Repository, errors: bytes, url: str = "") -> FetchError | LimitError:
    """Return the error for a failed git, with its stderr."""
    error_class = LimitError if _STALLED_MESSAGE in errors else FetchError
    return error_class(f"{repository.name}: {_error_summary(errors, repository.clone_url, url)}")


def _error_summary(errors: bytes, *urls: str) -> str:
    """Return the cause in git's stderr: the first fatal line and up to two lines before it."""
    lines = mask_urls(errors.decode("utf-8", "replace"), *urls).splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    fatal_lines = [number for number, line in enumerate(lines) if line.startswith("fatal:")]
    cause_line = fatal_lines[0] if fatal_lines else len(lines) - 1
    return "; ".join(lines[max(0, cause_line - 2) : cause_line + 1]) or "git failed"
