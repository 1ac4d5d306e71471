"""Read and write Chart.lock, the resolved versions of a chart's dependencies.

Its digest is the hash of the requested and the resolved dependencies as JSON. A different digest shows that
Chart.yaml has changed since.
Source: helm v3.22.0 internal/resolver/resolver.go (HashReq, HashV2Req); pkg/downloader/manager.go (Build, writeLock).
"""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

from kmanifest.engines.helm.charts.chart import LOCK, Chart, Dependency
from kmanifest.engines.helm.formats.go_json import decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.formats.serialization import to_yaml
from kmanifest.engines.helm.objects.builtin import DependencyObject
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Any, Final, NamedTuple, Sequence

LOCK_NAMES: Final = ("Chart.lock", "requirements.lock")
_ZERO_TIME: Final = "0001-01-01T00:00:00Z"
_SECOND: Final = 1_000_000_000


class Lock(NamedTuple):
    """The content of a lock file. `dependencies` is None if it has no list of them."""

    generated: str
    digest: str
    dependencies: Sequence[Dependency] | None


def lock_name(chart: Chart) -> str:
    """Return the name of a chart's lock file."""
    return LOCK_NAMES[1] if chart.metadata.strings["apiVersion"] == "v1" else LOCK_NAMES[0]


def read_lock(chart: Chart) -> Lock | None:
    """Return the lock of a chart, or None. If a chart has two lock files, their fields are merged."""
    fields: dict[str, Any] | None = None
    for file in chart.raw:
        if file.name in LOCK_NAMES:
            fields = {**(fields or {}), **(decode(load_yaml(file.data), LOCK) or {})}
    if fields is None:
        return None
    items = fields.get("dependencies")
    dependencies = (
        None if items is None else [Dependency(item) for item in items if item is not None]
    )
    return Lock(fields.get("generated", _ZERO_TIME), fields.get("digest", ""), dependencies)


def dump_lock(lock: Lock) -> bytes:
    """Return the content of a lock file."""
    dependencies = lock.dependencies
    document = {
        "dependencies": None
        if dependencies is None
        else [dependency.object() for dependency in dependencies],
        "digest": lock.digest,
        "generated": lock.generated,
    }
    return (to_yaml(document) + "\n").encode("utf-8", "surrogateescape")


def lock_digest(requirements: Sequence[Dependency], resolved: Sequence[Dependency] | None) -> str:
    """Return the digest of the requested and the resolved dependencies."""
    return _digest([_objects(requirements), None if resolved is None else _objects(resolved)])


def check_in_sync(
    chart: Chart, lock: Lock, requirements: Sequence[Dependency], helm2_digest: str
) -> None:
    """Raise SourceError if a lock does not match the chart's dependencies.

    `helm2_digest` is the digest that Helm 2 computes for the dependencies as written in the chart.
    """
    if lock_digest(requirements, lock.dependencies) == lock.digest:
        return
    if chart.metadata.strings["apiVersion"] != "v1":
        raise SourceError(_out_of_sync_message("Chart.lock", "Chart.yaml"))
    if helm2_digest != lock.digest:
        raise SourceError(_out_of_sync_message("requirements.lock", "requirements.yaml"))


def helm2_lock_digest(requirements: Sequence[Dependency]) -> str:
    """Return the digest that Helm 2 computes for the requested dependencies."""
    return _digest({"dependencies": _objects(requirements)})


def go_time(nanoseconds: int, offset: int) -> str:
    """Return a time as Go prints it in JSON.

    `nanoseconds` count since 1970. `offset` is the offset of the time zone from UTC, in seconds.
    """
    zone = timezone(timedelta(seconds=offset)) if offset else UTC
    moment = datetime.fromtimestamp(nanoseconds // _SECOND, tz=zone)
    fraction = f".{nanoseconds % _SECOND:09d}".rstrip("0").rstrip(".")
    zone_text = moment.strftime("%z")
    return (
        moment.strftime("%Y-%m-%dT%H:%M:%S")
        + fraction
        + (f"{zone_text[:3]}:{zone_text[3:5]}" if offset else "Z")
    )


def _out_of_sync_message(lock_file: str, dependencies_file: str) -> str:
    return (
        f"the lock file ({lock_file}) is out of sync with the dependencies file ({dependencies_file}). "
        "Please update the dependencies"
    )


def _objects(dependencies: Sequence[Dependency]) -> list[DependencyObject]:
    return [dependency.object() for dependency in dependencies]


def _digest(document: Any) -> str:
    from kmanifest.engines.helm.sprig.json_writer import encode  # only locks need it

    content = encode(document, DEFAULT_LIMITS).encode("utf-8", "surrogateescape")
    return "sha256:" + sha256(content).hexdigest()
