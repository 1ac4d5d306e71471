"""Fetch repositories with the git executable and read files from their objects.

One commit is fetched into a bare repository. There is never a work tree, so hooks, filters and links of a
repository have no effect. Of the user's git configuration, only the settings for credentials and URL rewriting
are used. No other configuration file is read.
Source of the fetched commit: kustomize v5.8.2 api/internal/git/cloner.go.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile

from kmanifest.io.git_tree import Entry
from kmanifest.io.remote.urls import Repository, without_password
from kmanifest.io.runner import Command, ProcessRunner
from kmanifest.model.cancel import CancelEvent
from kmanifest.model.errors import FetchError, LimitError, MissingError, PluginError, SourceError
from kmanifest.startup.typing import Final, NamedTuple

PASSED_VARIABLES: Final = (
    "ALL_PROXY",
    "CURL_CA_BUNDLE",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GIT_ASKPASS",
    "GIT_PASSWORD",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_USERNAME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "XDG_CONFIG_HOME",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
"""Environment variables for git, in addition to those of every executable.

They set proxies, certificates and credentials.
"""

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
_GIT_SETTINGS: Final = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("fetch.recurseSubmodules", "false"),
    ("gc.auto", "0"),
    ("http.followRedirects", "initial"),
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "20"),
    ("maintenance.auto", "false"),
    ("protocol.allow", "never"),
    ("safe.bareRepository", "explicit"),
    ("submodule.recurse", "false"),
    ("transfer.bundleURI", "false"),
)
_STALLED_MESSAGE: Final = b"Operation too slow"  # libcurl's message after http.lowSpeedTime
_LOCAL_TIMEOUT: Final = 60.0  # seconds for a command without network access
_MAX_BATCH_SIZE: Final = 16 << 20  # bytes read with one command
_SUBMODULE_MODE: Final = 0o160000

Setting = tuple[str, str]


class Git:
    """Runs the git executable at `path`.

    It may fetch with `protocols` only. `pass_variables` are patterns of more environment variables for git. `max_size` is
    the maximal size of a repository, in bytes. A running git is ended when `cancel` is set.
    """

    def __init__(
        self,
        path: str,
        *,
        protocols: Sequence[str],
        pass_variables: Sequence[str],
        max_size: int,
        cancel: CancelEvent | None = None,
    ) -> None:
        self._path = path
        self._protocols = protocols
        self._runner = ProcessRunner(
            pass_variables=(*PASSED_VARIABLES, *pass_variables), cancel=cancel
        )
        self._max_size = max_size
        self._settings: Sequence[Setting] | None = None

    def fetch(self, repository: Repository, directory: str) -> str:
        """Fetch the commit of the repository's ref into the empty directory `directory` and return its id.

        Raises FetchError if that fails, and LimitError if it takes too much time or disk space.
        """
        self._run(repository, ("init", "--quiet", "--bare", "--template=", directory))
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
        names = ("--end-of-options", repository.clone_url, repository.ref or "HEAD")
        command = (f"--git-dir={directory}", "fetch")
        self._run(
            repository, (*command, *options, *names), target=directory, timeout=repository.timeout
        )
        with open(os.path.join(directory, "FETCH_HEAD"), encoding="utf-8") as stream:
            identity = "".join(takewhile(str.isalnum, stream.readline()))
        if len(identity) not in (40, 64):
            raise FetchError(f"{repository.name}: nothing was fetched")
        return identity

    def list_tree(self, repository: Repository, directory: str, revision: str) -> bytes:
        """Return all entries of a commit. Each has the form `mode type id size<TAB>path` and ends with a NUL."""
        options = ("-r", "-t", "-l", "-z", "--full-tree", "--end-of-options", revision)
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

    def _run(
        self,
        repository: Repository,
        arguments: Sequence[str],
        *,
        target: str = "",
        stdin: bytes | None = None,
        timeout: float = _LOCAL_TIMEOUT,
    ) -> bytes:
        program = Command(
            self._path,
            arguments=tuple(arguments),
            stdin=stdin,
            environment=self._environment(),
            timeout=timeout,
            output_directory=target,
            max_directory_size=self._max_size if target else 0,
        )
        try:
            result = self._runner.run_process(program)
        except LimitError as error:
            raise type(error)(f"{repository.name}: git: {error.message}") from error
        except PluginError as error:
            raise FetchError(f"{repository.name}: git: {error.message}") from error
        if result.code:
            error_class = LimitError if _STALLED_MESSAGE in result.errors else FetchError
            raise error_class(f"{repository.name}: {_error_summary(result.errors)}")
        return result.output

    def _environment(self) -> tuple[tuple[str, str], ...]:
        if self._settings is None:
            allowed = [(f"protocol.{name}.allow", "always") for name in self._protocols]
            self._settings = (*self._login_settings(), *_GIT_SETTINGS, *allowed)
        numbered = list(enumerate(self._settings))
        return (
            *_FIXED_VARIABLES.items(),
            # Every user of the machine can see the arguments of a process, but not its environment.
            ("GIT_CONFIG_COUNT", str(len(numbered))),
            *((f"GIT_CONFIG_KEY_{number}", name) for number, (name, _) in numbered),
            *((f"GIT_CONFIG_VALUE_{number}", value) for number, (_, value) in numbered),
            *(
                ()
                if self._runner.passes_variable("GIT_SSH_COMMAND")
                else (("GIT_SSH_COMMAND", _SSH_COMMAND),)
            ),
        )

    def _login_settings(self) -> list[Setting]:
        """Return the settings for credentials and URL rewriting in the user's and the system's configuration."""
        result = self._runner.run_process(Command(self._path, ("config", "--null", "--list")))
        return [
            setting for setting in _parse_settings(result.output) if _is_login_setting(setting[0])
        ]


class FetchedObjects:
    """The objects of a fetched commit and of its submodules.

    A submodule is fetched when one of its files is first read. `open_submodule` fetches a repository and returns
    its directory and the commit id.
    """

    def __init__(
        self,
        git: Git,
        repository: Repository,
        directory: str,
        revision: str,
        open_submodule: Callable[[Repository], tuple[str, str]],
    ) -> None:
        self._git = git
        self._open_submodule = open_submodule
        self._entries: dict[bytes, dict[str, Entry]] = {}
        self._blobs: dict[bytes, _Blob] = {}
        self._contents: dict[bytes, bytes] = {}
        self._gitlinks: dict[bytes, tuple[_FetchedCommit, str]] = {}
        self._add_commit(_FetchedCommit(repository, directory, revision), revision.encode())

    def entries(self, identity: bytes) -> Mapping[str, Entry]:
        """Return the entries of the tree or submodule with this id."""
        if identity not in self._entries and identity in self._gitlinks:
            self._add_submodule(identity, *self._gitlinks[identity])
        return self._entries.get(identity, {})

    def blob(self, identity: bytes, limit: int) -> bytes:
        """Return the content of a file. Raises LimitError, without reading it, if it has more than `limit` bytes."""
        if identity not in self._contents:
            blob = self._blobs.get(identity)
            if blob is None:
                raise FetchError("an object of the repository is missing")
            if blob.size > limit:
                raise LimitError(
                    f"a file has {blob.size} bytes, more than {limit} (max_input_file)"
                )
            self._read_with_siblings(identity, blob, limit)
        return self._contents[identity]

    def _read_with_siblings(self, identity: bytes, blob: "_Blob", limit: int) -> None:
        """Read a blob together with the other files of its directory.

        Starting a process takes longer than reading the files.
        """
        identities, total = [identity], blob.size
        for _, sibling in self._entries[blob.parent].values():
            size = self._blobs[sibling].size if sibling in self._blobs else limit + 1
            if sibling not in self._contents and size <= limit and total + size <= _MAX_BATCH_SIZE:
                identities.append(sibling)
                total += size
        commit = blob.commit
        contents = self._git.read_objects(commit.repository, commit.directory, identities)
        if identity not in contents:
            raise FetchError(f"{commit.repository.name}: an object is missing")
        self._contents.update(contents)

    def _add_commit(self, commit: "_FetchedCommit", root: bytes) -> None:
        """Add all entries of a commit. Its root directory gets the id `root`."""
        gitlinks_before = len(self._gitlinks)
        listing = self._git.list_tree(commit.repository, commit.directory, commit.revision)
        identities = {b"": root}
        self._entries.setdefault(root, {})
        for record in listing.split(b"\0")[:-1]:
            metadata, _, path = record.partition(b"\t")
            mode_text, _, identity, size = metadata.split()
            parent_path, _, name = path.rpartition(b"/")
            mode = int(mode_text, 8)
            parent = identities.get(parent_path)
            if parent is None or name.lower() == b".git":  # only a forged tree has such an entry
                continue
            if mode == _SUBMODULE_MODE:
                mode = stat.S_IFDIR
                self._gitlinks.setdefault(
                    identity, (commit, path.decode("utf-8", "surrogateescape"))
                )
            elif stat.S_ISDIR(mode):
                identities[path] = identity
                self._entries.setdefault(identity, {})
            elif size.isdigit():
                self._blobs.setdefault(identity, _Blob(commit, int(size), parent))
            self._entries[parent][name.decode("utf-8", "surrogateescape")] = (mode, identity)
        if len(self._gitlinks) > gitlinks_before and commit.repository.submodules:
            self._check_submodules(commit)

    def _check_submodules(self, commit: "_FetchedCommit") -> None:
        """Raise SourceError if a submodule URL could run an executable or be taken for an option.

        Unused submodules are checked, too: such a URL is an attack.
        """
        repository = commit.repository
        try:
            urls = self._git.submodule_urls(repository, commit.directory, commit.revision)
        except FetchError:  # without URLs, only a build that uses a submodule fails
            return
        for path, url in urls.items():
            if "::" in url or url.startswith("-"):
                raise SourceError(
                    f"{repository.name}: the submodule {path!r} has the unsafe URL {url!r}"
                )

    def _add_submodule(self, identity: bytes, commit: "_FetchedCommit", path: str) -> None:
        parent = commit.repository
        self._entries[identity] = {}
        if not parent.submodules:
            return
        url = self._git.submodule_urls(parent, commit.directory, commit.revision).get(path)
        if not url:
            raise MissingError(f"{parent.name}: .gitmodules has no URL for the submodule {path!r}")
        submodule = resolve_submodule(parent, url, identity.decode())
        directory, revision = self._open_submodule(submodule)
        self._add_commit(_FetchedCommit(submodule, directory, revision), identity)


class _FetchedCommit(NamedTuple):
    """A commit in a local bare repository."""

    repository: Repository
    directory: str
    revision: str


class _Blob(NamedTuple):
    """A file: the commit that it is read from, its size in bytes and the id of its directory."""

    commit: _FetchedCommit
    size: int
    parent: bytes


def resolve_submodule(parent: Repository, url: str, commit: str) -> Repository:
    """Return the repository of a submodule. Its URL may be relative to the URL of `parent`.

    Raises SourceError unless the URL is relative, has a scheme, or has the form `user@host:path`.
    Source: git's documentation of `git submodule add`.
    """
    if url.startswith(("./", "../")):
        url = _join_relative_url(parent.clone_url, url)
    scheme, separator, path = url.partition("://")
    host = f"{scheme.lower()}://"
    if not separator:
        scheme, separator, path = url.partition(":")
        host = f"{scheme}:"
    if not separator or (host[-1] == ":" and "@" not in host):
        raise SourceError(
            f"{parent.name}: the submodule URL {without_password(url)!r} must be relative, "
            "or have a scheme, or the form user@host:path"
        )
    return parent._replace(url=url, host=host, path=path, directory="", ref=commit)


def _join_relative_url(base: str, url: str) -> str:
    base = base.rstrip("/")
    while True:
        if url.startswith("./"):
            url = url[2:]
        elif url.startswith("../"):
            url = url[3:]
            slash = max(base.rfind("/"), base.rfind(":"))
            base = base[:slash] if base[slash : slash + 1] == "/" else base[: slash + 1]
        else:
            return base + url if base.endswith(":") else f"{base}/{url}"


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


def _error_summary(errors: bytes) -> str:
    """Return the cause in git's stderr: the first fatal line and up to two lines before it."""
    lines = without_password(errors.decode("utf-8", "replace")).splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    fatal_lines = [number for number, line in enumerate(lines) if line.startswith("fatal:")]
    cause_line = fatal_lines[0] if fatal_lines else len(lines) - 1
    return "; ".join(lines[max(0, cause_line - 2) : cause_line + 1]) or "git failed"
