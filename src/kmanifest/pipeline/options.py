"""The options of a build: one record for the core, and one record for each engine that has options."""

from kmanifest.model.limits import DEFAULT_LIMITS, UNTRUSTED_LIMITS, Limits
from kmanifest.startup.typing import TYPE_CHECKING, Hashable, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from kmanifest.io.remote.access import CredentialSource
    from kmanifest.io.tree import FilePath
    from kmanifest.model.masking import Secret

Record = TypeVar("Record")


class ExecPluginOptions(NamedTuple):
    """Limits and environment of exec plug-ins. They run only with `Options.enable_plugins`.

    `home`: directory of legacy exec plug-ins. `environment`: names of variables that a plug-in gets besides `PATH`,
    `HOME`, `LANG` and `TMPDIR`; also `PREFIX_*`, or `inherit` for all, as the command does. `timeout`: seconds for one
    call. `digests`: if given, only executables with one of these SHA-256 digests run. `secrets`: values that are
    masked in whatever a plug-in prints.

    >>> import os
    >>> from kmanifest import ExecPluginOptions, Options, Secret
    >>> token = Secret(os.environ.get("VAULT_TOKEN", "s.abc123"))
    >>> Options(enable_plugins=True, exec_plugins=ExecPluginOptions(environment=("VAULT_*",), secrets=(token,)))
    Options(enable_plugins=True, exec_plugins=ExecPluginOptions(environment=('VAULT_*',), secrets=(***,)))
    """

    home: str = ""
    environment: tuple[str, ...] = ()
    timeout: float = 60.0
    digests: frozenset[str] | None = None
    secrets: "tuple[Secret, ...]" = ()

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self)


class RemoteOptions(NamedTuple):
    """Settings for remote bases, files and charts. They are fetched only with `Options.allow_remote`.

    - `store`: directory of the download cache; empty means a temporary one for this build
    - `offline`: use the cache only
    - `protocols`: `https`, `ssh` and `oci` (charts in registries); may also contain `http` and `file`
    - `max_age`: seconds for which a resolved branch, tag or URL is reused; full commit ids are never resolved again
    - `timeout`: seconds for one download
    - `max_size`: bytes of one repository or chart
    - `hosts`: the hosts that may be connected to, whoever names them: names, `*.SUFFIX`, addresses, networks such as
      `10.0.0.0/8`, `private` for all private networks, `*` for the open network. An inner address must be named
    - `tenant`: on whose behalf the build runs; what was fetched for one tenant is never used for another
    - `credentials`: a function that returns the `Credential` for a host and a path on it, or None
    - `user_credentials`: git gets the credentials of the user of this process, for any host that a repository names
    - `max_total`: bytes of all downloads of a build
    - `max_store`: bytes to which the cache may grow before its oldest content is removed

    >>> from kmanifest import Credential, Options, RemoteOptions
    >>> Options(allow_remote=True, remote=RemoteOptions(store="/var/cache/app", max_age=600.0))
    Options(allow_remote=True, remote=RemoteOptions(store='/var/cache/app', max_age=600.0))
    >>> def credentials(host: str, path: str) -> Credential | None:
    ...     return Credential(("deploy", "s3cret")) if host == "git.example.com" and path.startswith("/team-a/") else None
    >>> RemoteOptions(hosts=("git.example.com",), tenant="team-a", credentials=credentials)
    RemoteOptions(hosts=('git.example.com',), tenant='team-a', credentials=***)
    """

    store: str = ""
    offline: bool = False
    protocols: tuple[str, ...] = ("https", "ssh", "oci")
    max_age: float = 60.0
    timeout: float = 300.0
    max_size: int = 1 << 30
    hosts: tuple[str, ...] = ("*",)
    tenant: str = ""
    credentials: "CredentialSource | None" = None
    user_credentials: bool = False
    max_total: int = 4 << 30
    max_store: int = 20 << 30

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self, secret=("credentials",))


class Reproducible(NamedTuple):
    """Inputs of a render that come from no file: randomness and the time.

    `seed`: seed of the random functions; it is as secret as what they generate. None means the randomness of this
    machine. `now`: the time, in nanoseconds since 1970. None means the time of this machine. `report`: each call that
    needs either is a finding.

    >>> from kmanifest import Options, Reproducible, build
    >>> files = {
    ...     "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
    ...     "templates/a.yaml": "{kind: Secret, metadata: {name: a}, stringData: {password: {{ randAlpha 8 }}}}",
    ... }
    >>> options = Options(reproducible=Reproducible(seed="from a vault", now=1_800_000_000_000_000_000))
    >>> build(tree=files, options=options).text() == build(tree=files, options=options).text()
    True
    """

    seed: str | None = None
    now: int | None = None
    report: bool = False

    def __repr__(self) -> str:
        from kmanifest.model.records import describe  # rarely printed

        return describe(self, secret=("seed",))


class Options(NamedTuple):
    """The options of a build. The defaults are those of the command.

    - `load_restrictor`: `root-only`, or `none` to allow files outside the directory of a kustomization
    - `enable_plugins`: allow plug-ins that are not built in
    - `allow_exec`: allow executables as well
    - `env`: `NAME=value`, or `NAME`, for KRM functions
    - `limits`: limits of size and time
    - `exec_plugins`: limits and environment of executables
    - `strict`: a setting that matches nothing is an error
    - `allow_remote`: allow remote bases and files
    - `remote`: how remote bases and files are fetched
    - `reproducible`: the inputs of a render that come from no file
    - `root`: directory that everything local which a build reads must be in, links included; empty for the project,
      which is the git repository of the target, or else the target itself. None is the same, but a kustomization
      outside of a git repository may name bases and charts outside of the target
    - `engine`: the name of the renderer, such as `helm`, for a target that several claim; empty finds it by marker files
    - `engines`: the options of single engines, at most one record of each type, such as `KustomizeOptions` and `HelmOptions`

    A record is immutable and hashable, as options are part of cache keys. It prints only the fields that differ from
    the defaults.

    >>> from kmanifest import KustomizeOptions, Options
    >>> options = Options(strict=True, engines=(KustomizeOptions(reorder="none"),))
    >>> options._replace(load_restrictor="none")
    Options(load_restrictor='none', strict=True, engines=(KustomizeOptions(reorder='none'),))
    """

    load_restrictor: Literal["root-only", "none"] = "root-only"
    enable_plugins: bool = False
    allow_exec: bool = False
    env: tuple[str, ...] = ()
    limits: Limits = DEFAULT_LIMITS
    exec_plugins: ExecPluginOptions = ExecPluginOptions()
    strict: bool = False
    allow_remote: bool = False
    remote: RemoteOptions = RemoteOptions()
    reproducible: Reproducible = Reproducible()
    engines: tuple[Hashable, ...] = ()
    root: str | None = None
    engine: str = ""

    def __repr__(self) -> str:
        from kmanifest.model.masking import MASK  # rarely printed
        from kmanifest.model.records import describe

        variables = (text.partition("=")[:2] for text in self.env)
        shown = tuple(f"{name}={MASK}" if equals else name for name, equals in variables)
        return describe(self._replace(env=shown))

    @classmethod
    def untrusted(cls, root: "FilePath" = "", *, deadline: float = 30.0) -> "Options":
        """Return options for rendering a repository that others can change: nothing is fetched or executed.

        Everything that is read is in `root`, by default the git repository of the target, or else the target itself.
        The build ends after `deadline` seconds. The limits of size are those of a large application. Allow what a
        repository needs with `_replace`, such as `allow_remote` with `remote.hosts`.

        >>> from kmanifest import Options, build
        >>> options = Options.untrusted(deadline=10.0)
        >>> options.limits.deadline, options.limits.max_objects, options.root
        (10.0, 10000, '')
        >>> build(tree={"kustomization.yaml": "resources: [https://example.com/a.yaml]"}, options=options)
        Traceback (most recent call last):
        ...
        kmanifest.model.errors.SourceError: kustomization.yaml:1:13: resources.0: remote files are fetched only with Options.allow_remote: 'https://example.com/a.yaml'
        """
        from kmanifest.model.arguments import as_path, check_limits  # not for the command

        limits = UNTRUSTED_LIMITS._replace(deadline=deadline)
        check_limits(limits)
        return cls(limits=limits, remote=RemoteOptions(hosts=()), root=as_path(root, "root"))

    def of_engine(self, record_type: type[Record]) -> Record:
        """Return the record of this type in `engines`, or one with the defaults."""
        for record in self.engines:
            if record.__class__ is record_type:
                return record  # type: ignore[return-value]  # just compared
        return record_type()
