"""The options of a build: one record for the core, and one record for each engine that has options."""

from collections.abc import Hashable

from kmanifest.model.errors import SourceError
from kmanifest.model.limits import DEFAULT_LIMITS, Limits
from kmanifest.startup.typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

if TYPE_CHECKING:
    from kmanifest.io.remote.access import CredentialSource
    from kmanifest.model.masking import Secret

Record = TypeVar("Record")


class ExecPluginOptions(NamedTuple):
    """Limits and environment of exec plug-ins. They run only with `Options.enable_plugins`.

    `home`: directory of legacy exec plug-ins. `environment`: names of variables that a plug-in gets besides `PATH`,
    `HOME`, `LANG` and `TMPDIR`; also `PREFIX_*`, or `inherit` for all. `timeout`: seconds for one call. `digests`: if
    given, only executables with one of these SHA-256 digests run. `secrets`: values that are masked in whatever a
    plug-in prints.
    """

    home: str = ""
    environment: tuple[str, ...] = ()
    timeout: float = 60.0
    digests: frozenset[str] | None = None
    secrets: "tuple[Secret, ...]" = ()


class RemoteOptions(NamedTuple):
    """Settings for remote bases, files and charts. They are fetched only with `Options.allow_remote`.

    `store`: directory of the download cache; empty means a temporary one for this build. `max_age`: seconds for which a
    resolved branch, tag or URL is reused; full commit ids are never resolved again. `offline`: use the cache only.
    `protocols`: `https`, `ssh` and `oci` (charts in registries); may also contain `http` and `file`. `timeout`: seconds
    for one download. `max_size`: bytes for one repository or chart. `max_total`: bytes for all downloads of a build.
    `max_store`: bytes to which the download cache may grow before the oldest content is removed.

    `hosts`: the hosts that may be connected to, whoever names them: host names, `*.SUFFIX`, addresses, networks
    (`10.0.0.0/8`), `private` for all private networks, `*` for all other networks but inner ones. An inner address must
    be named. `tenant`: on whose behalf the build runs; content in the store that was fetched for one tenant is never
    used for another. `credentials(host, path)`: returns a `Credential` or None. `user_credentials`: git also gets the
    credential helpers, tokens, keys and agent of the user of this process, for any host that a repository names.
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

    def __repr__(self) -> str:  # a function may contain secrets
        fields = zip(self._fields, self, strict=True)
        shown = ", ".join(f"{name}={value!r}" for name, value in fields if name != "credentials")
        return f"RemoteOptions({shown})"


class Reproducible(NamedTuple):
    """Inputs of a render that come from no file: the `seed` of random functions and the time `now`.

    `now` is in nanoseconds since 1970. If one is None, this machine's is used. With `report`, each call that needs
    either is a finding.
    """

    seed: str | None = None
    now: int | None = None
    report: bool = False


class Options(NamedTuple):
    """The options of a build. The defaults are those of the command.

    `load_restrictor`: `root-only` or `none`. `enable_plugins` allows plug-ins that are not built in, `allow_exec`
    also executables. `env`: `NAME=value`, or `NAME`, for KRM functions. `strict`: a setting that matches nothing is
    an error. `engines`: the options of single engines, at most one record of each type, such as `KustomizeOptions`
    and `HelmOptions`. A record is immutable and hashable, as options are part of cache keys.
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

    def of_engine(self, record_type: type[Record]) -> Record:
        """Return the record of this type in `engines`, or one with the defaults."""
        for record in self.engines:
            if record.__class__ is record_type:
                return record  # type: ignore[return-value]  # just compared
        return record_type()


def check_options(options: Options) -> None:
    """Raise SourceError if a record in `options.engines` can't be hashed, or if two records have the same type."""
    seen: set[type] = set()
    for record in options.engines:
        name = type(record).__name__
        try:
            hash(record)
        except TypeError as error:
            raise SourceError(f"Options.engines: {name} must be hashable: {error}") from None
        if type(record) in seen:
            raise SourceError(f"Options.engines has two records of {name}")
        seen.add(type(record))
