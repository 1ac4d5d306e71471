"""Repositories, by the git program: fetched one commit deep into a bare repository, and read from its objects.

There is never a work tree, so no hook, filter or link of a repository does anything. Of the user's configuration git
gets what logs in, and the rewriting of URLs; no other file of configuration is read.
Source: kustomize v5.8.2 api/internal/git/cloner.go, for what is fetched.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile

from kmanifest.io.git_tree import Entry
from kmanifest.io.remote.urls import Repository, without_password
from kmanifest.io.runner import Command, ProcessRunner
from kmanifest.model.errors import FetchError, LimitError, MissingError, PluginError, SourceError
from kmanifest.startup.typing import Final, NamedTuple

PASSED: Final = (
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
"""The variables that git gets beside those of every program: proxies, certificates, and what logs in."""

_ALONE: Final = {
    "GCM_INTERACTIVE": "never",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
_SSH: Final = (
    "ssh -oBatchMode=yes -oConnectTimeout=10 -oServerAliveInterval=5 -oServerAliveCountMax=3"
)
_SETTINGS: Final = (
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
_STALLED: Final = b"Operation too slow"  # libcurl's word for http.lowSpeedTime
_QUICK: Final = 60.0  # seconds for what asks nobody
_BATCH: Final = 16 << 20  # bytes that are read ahead
_SUBMODULE: Final = 0o160000

Setting = tuple[str, str]


class Git:
    """The git program at `path`; `protocols` are those it may fetch by, `max_size` the bytes of a repository."""

    def __init__(
        self, path: str, *, protocols: Sequence[str], passed: Sequence[str], max_size: int
    ) -> None:
        self._path = path
        self._protocols = protocols
        self._runner = ProcessRunner(pass_variables=(*PASSED, *passed))
        self._max_size = max_size
        self._settings: Sequence[Setting] | None = None

    def fetch(self, repository: Repository, into: str) -> str:
        """Fetch the commit of the repository's ref into the empty directory `into`; the id of what was fetched.

        FetchError where that fails, LimitError where it takes too long or too much room.
        """
        self._run(repository, ("init", "--quiet", "--bare", "--template=", into))
        options = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
        names = ("--end-of-options", repository.clone_url, repository.ref or "HEAD")
        where = (f"--git-dir={into}", "fetch")
        self._run(repository, (*where, *options, *names), into=into, timeout=repository.timeout)
        with open(os.path.join(into, "FETCH_HEAD"), encoding="utf-8") as stream:
            identity = "".join(takewhile(str.isalnum, stream.readline()))
        if len(identity) not in (40, 64):
            raise FetchError(f"{repository.name}: nothing was fetched")
        return identity

    def listing(self, repository: Repository, directory: str, revision: str) -> bytes:
        """Every entry of a commit, each as `mode type id size<TAB>path` and a NUL."""
        options = ("-r", "-t", "-l", "-z", "--full-tree", "--end-of-options", revision)
        return self._run(repository, (f"--git-dir={directory}", "ls-tree", *options))

    def contents(
        self, repository: Repository, directory: str, identities: Sequence[bytes]
    ) -> Mapping[bytes, bytes]:
        """The contents of objects, by their ids."""
        asked = b"".join(identity + b"\n" for identity in identities)
        where = (f"--git-dir={directory}", "cat-file", "--batch")
        return dict(_batch(self._run(repository, where, stdin=asked)))

    def submodules(self, repository: Repository, directory: str, revision: str) -> dict[str, str]:
        """The URLs in the `.gitmodules` of a commit, by their paths."""
        blob = ("config", "--blob", f"{revision}:.gitmodules", "--null", "--list")
        values = dict(_settings(self._run(repository, (f"--git-dir={directory}", *blob))))
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
        into: str = "",
        stdin: bytes | None = None,
        timeout: float = _QUICK,
    ) -> bytes:
        program = Command(
            self._path,
            arguments=tuple(arguments),
            stdin=stdin,
            environment=self._environment(),
            timeout=timeout,
            output_directory=into,
            max_directory_size=self._max_size if into else 0,
        )
        try:
            done = self._runner.run_process(program)
        except LimitError as error:
            raise LimitError(f"{repository.name}: git: {error.message}") from error
        except PluginError as error:
            raise FetchError(f"{repository.name}: git: {error.message}") from error
        if done.code:
            kind = LimitError if _STALLED in done.errors else FetchError
            raise kind(f"{repository.name}: {_said(done.errors)}")
        return done.output

    def _environment(self) -> tuple[tuple[str, str], ...]:
        if self._settings is None:
            allowed = [(f"protocol.{name}.allow", "always") for name in self._protocols]
            self._settings = (*self._logins(), *_SETTINGS, *allowed)
        numbered = list(enumerate(self._settings))
        return (
            *_ALONE.items(),
            # Not as arguments, which every user of the machine can see.
            ("GIT_CONFIG_COUNT", str(len(numbered))),
            *((f"GIT_CONFIG_KEY_{number}", name) for number, (name, _) in numbered),
            *((f"GIT_CONFIG_VALUE_{number}", value) for number, (_, value) in numbered),
            *(
                ()
                if self._runner.passes_variable("GIT_SSH_COMMAND")
                else (("GIT_SSH_COMMAND", _SSH),)
            ),
        )

    def _logins(self) -> list[Setting]:
        """What the user's and the system's configuration say of credentials and of the rewriting of URLs."""
        done = self._runner.run_process(Command(self._path, ("config", "--null", "--list")))
        return [setting for setting in _settings(done.output) if _is_login(setting[0])]


class FetchedObjects:
    """The objects of a fetched commit, and of its submodules, which are fetched when something in them is wanted.

    `open_submodule` gives the directory of a repository, fetched, and the id of the commit in it.
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
        self._links: dict[bytes, tuple[_Source, str]] = {}
        self._add(_Source(repository, directory, revision), revision.encode())

    def entries(self, identity: bytes) -> Mapping[str, Entry]:
        """The entries of the tree, or of the submodule, with this id."""
        if identity not in self._entries and identity in self._links:
            self._add_submodule(identity, *self._links[identity])
        return self._entries.get(identity, {})

    def blob(self, identity: bytes, limit: int) -> bytes:
        """The content of a file; LimitError where it has more than `limit` bytes, and then it is not read."""
        if identity not in self._contents:
            blob = self._blobs.get(identity)
            if blob is None:
                raise FetchError("an object of the repository is missing")
            if blob.size > limit:
                raise LimitError(
                    f"a file has {blob.size} bytes, more than {limit} (max_input_file)"
                )
            self._read_around(identity, blob, limit)
        return self._contents[identity]

    def _read_around(self, identity: bytes, blob: "_Blob", limit: int) -> None:
        """Read a blob, and the others of its directory with it, as each process costs more than what it reads."""
        wanted, total = [identity], blob.size
        for _, neighbour in self._entries[blob.parent].values():
            size = self._blobs[neighbour].size if neighbour in self._blobs else limit + 1
            if neighbour not in self._contents and size <= limit and total + size <= _BATCH:
                wanted.append(neighbour)
                total += size
        source = blob.source
        found = self._git.contents(source.repository, source.directory, wanted)
        if identity not in found:
            raise FetchError(f"{source.repository.name}: an object is missing")
        self._contents.update(found)

    def _add(self, source: "_Source", root: bytes) -> None:
        """Take in all entries of a commit, whose root will be known as `root`."""
        known = len(self._links)
        listing = self._git.listing(source.repository, source.directory, source.revision)
        identities = {b"": root}
        self._entries.setdefault(root, {})
        for record in listing.split(b"\0")[:-1]:
            head, _, path = record.partition(b"\t")
            mode, _, identity, size = head.split()
            above, _, name = path.rpartition(b"/")
            kind = int(mode, 8)
            parent = identities.get(above)
            if parent is None or name.lower() == b".git":  # which only a forged tree has
                continue
            if kind == _SUBMODULE:
                kind = stat.S_IFDIR
                self._links.setdefault(identity, (source, path.decode("utf-8", "surrogateescape")))
            elif stat.S_ISDIR(kind):
                identities[path] = identity
                self._entries.setdefault(identity, {})
            elif size.isdigit():
                self._blobs.setdefault(identity, _Blob(source, int(size), parent))
            self._entries[parent][name.decode("utf-8", "surrogateescape")] = (kind, identity)
        if len(self._links) > known and source.repository.submodules:
            self._check_submodules(source)

    def _check_submodules(self, source: "_Source") -> None:
        """SourceError where one names a program or an option, whether it is wanted or not: nobody does so in good faith."""
        repository = source.repository
        try:
            addresses = self._git.submodules(repository, source.directory, source.revision)
        except FetchError:  # no address at all, which matters only to who wants the submodule
            return
        for path, url in addresses.items():
            if "::" in url or url.startswith("-"):
                raise SourceError(
                    f"{repository.name}: the submodule {path!r} has the address {url!r}"
                )

    def _add_submodule(self, identity: bytes, source: "_Source", path: str) -> None:
        above = source.repository
        self._entries[identity] = {}
        if not above.submodules:
            return
        url = self._git.submodules(above, source.directory, source.revision).get(path)
        if not url:
            raise MissingError(f"{above.name}: no URL is known for the submodule {path!r}")
        submodule = submodule_of(above, url, identity.decode())
        directory, revision = self._open_submodule(submodule)
        self._add(_Source(submodule, directory, revision), identity)


class _Source(NamedTuple):
    """A fetched commit."""

    repository: Repository
    directory: str
    revision: str


class _Blob(NamedTuple):
    """Where a file is to be read from, how many bytes it has, and the tree that it is in."""

    source: _Source
    size: int
    parent: bytes


def submodule_of(above: Repository, url: str, commit: str) -> Repository:
    """The repository of a submodule, whose URL may be relative to that of the repository which it is in.

    Source: git's documentation of `git submodule add`.
    """
    if url.startswith(("./", "../")):
        url = _joined(above.clone_url, url)
    scheme, mark, path = url.partition("://")
    host = f"{scheme.lower()}://"
    if not mark:
        scheme, mark, path = url.partition(":")
        host = f"{scheme}:"
    if not mark or (host[-1] == ":" and "@" not in host):
        raise SourceError(f"{above.name}: a submodule has the address {without_password(url)!r}")
    return above._replace(url=url, host=host, path=path, directory="", ref=commit)


def _joined(base: str, url: str) -> str:
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


def _batch(output: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The objects in what `cat-file --batch` prints; a missing one is left out."""
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        words = output[at:end].split(b" ")
        at = end + 1
        if len(words) == 3:
            size = int(words[2])
            yield words[0], output[at : at + size]
            at += size + 1


def _settings(output: bytes) -> Iterator[Setting]:
    for record in output.decode("utf-8", "surrogateescape").split("\0"):
        name, found, value = record.partition("\n")
        if found:
            yield name, value


def _is_login(name: str) -> bool:
    section, _, key = name.partition(".")
    return (
        section == "credential"
        or (section == "url" and key.endswith(".insteadof"))
        or (section == "http" and key.rpartition(".")[2] == "extraheader")
    )


def _said(errors: bytes) -> str:
    """What git's stderr tells of the cause: the lines until the first that is fatal."""
    lines = without_password(errors.decode("utf-8", "replace")).splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    causes = [number for number, line in enumerate(lines) if line.startswith("fatal:")]
    first = causes[0] if causes else len(lines) - 1
    return "; ".join(lines[max(0, first - 2) : first + 1]) or "git failed"
