"""Chart.lock: which versions the dependencies of a chart were found to be.

Its digest is that of the JSON of what was asked for and of what was found, so a lock tells whether it still belongs to its
Chart.yaml. Source: helm v3.22.0 internal/resolver/resolver.go (HashReq, HashV2Req); pkg/downloader/manager.go (Build, writeLock).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

from kmanifest.engines.helm.charts.chart import LOCK, Chart, Dependency
from kmanifest.engines.helm.formats.go_json import decode
from kmanifest.engines.helm.formats.go_yaml import load_yaml
from kmanifest.engines.helm.formats.serialization import to_yaml
from kmanifest.engines.helm.objects.builtin import DependencyObject
from kmanifest.model.errors import SourceError
from kmanifest.model.limits import DEFAULT_LIMITS
from kmanifest.startup.typing import Any, Final, NamedTuple

LOCK_NAMES: Final = ("Chart.lock", "requirements.lock")
_ZERO_TIME: Final = "0001-01-01T00:00:00Z"
_SECOND: Final = 1_000_000_000


class Lock(NamedTuple):
    """A lock; `dependencies` is None where it has no list of them."""

    generated: str
    digest: str
    dependencies: Sequence[Dependency] | None


def lock_name(chart: Chart) -> str:
    """The name of a chart's lock file."""
    return LOCK_NAMES[1] if chart.metadata.strings["apiVersion"] == "v1" else LOCK_NAMES[0]


def read_lock(chart: Chart) -> Lock | None:
    """The lock of a chart; None where it has none. One file fills in what another has left out."""
    facts: dict[str, Any] | None = None
    for file in chart.raw:
        if file.name in LOCK_NAMES:
            facts = {**(facts or {}), **(decode(load_yaml(file.data), LOCK) or {})}
    if facts is None:
        return None
    found = facts.get("dependencies")
    needed = None if found is None else [Dependency(each) for each in found if each is not None]
    return Lock(facts.get("generated", _ZERO_TIME), facts.get("digest", ""), needed)


def dump_lock(lock: Lock) -> bytes:
    """The content of a lock file."""
    needed = lock.dependencies
    document = {
        "dependencies": None if needed is None else [each.object() for each in needed],
        "digest": lock.digest,
        "generated": lock.generated,
    }
    return (to_yaml(document) + "\n").encode("utf-8", "surrogateescape")


def digest_of(asked: Sequence[Dependency], found: Sequence[Dependency] | None) -> str:
    """The digest of what was asked for and what was found."""
    return _digest([_objects(asked), None if found is None else _objects(found)])


def check_in_sync(chart: Chart, lock: Lock, asked: Sequence[Dependency], before: str) -> None:
    """SourceError where a lock is not that of the chart's dependencies.

    `before` is the digest that helm 2 would have made, of the dependencies as they are written.
    """
    if digest_of(asked, lock.dependencies) == lock.digest:
        return
    if chart.metadata.strings["apiVersion"] != "v1":
        raise SourceError(_out_of_sync("Chart.lock", "Chart.yaml"))
    if before != lock.digest:
        raise SourceError(_out_of_sync("requirements.lock", "requirements.yaml"))


def old_digest_of(asked: Sequence[Dependency]) -> str:
    """The digest of helm 2."""
    return _digest({"dependencies": _objects(asked)})


def go_time(nanoseconds: int, offset: int) -> str:
    """A time as Go writes it into JSON; `offset` is that of the zone from UTC, in seconds."""
    zone = timezone(timedelta(seconds=offset)) if offset else UTC
    moment = datetime.fromtimestamp(nanoseconds // _SECOND, tz=zone)
    fraction = f".{nanoseconds % _SECOND:09d}".rstrip("0").rstrip(".")
    shown = moment.strftime("%z")
    return (
        moment.strftime("%Y-%m-%dT%H:%M:%S")
        + fraction
        + (f"{shown[:3]}:{shown[3:5]}" if offset else "Z")
    )


def _out_of_sync(lock: str, asked: str) -> str:
    return (
        f"the lock file ({lock}) is out of sync with the dependencies file ({asked}). "
        "Please update the dependencies"
    )


def _objects(dependencies: Sequence[Dependency]) -> list[DependencyObject]:
    return [each.object() for each in dependencies]


def _digest(document: Any) -> str:
    from kmanifest.engines.helm.sprig.json_writer import encode  # for locks only

    content = encode(document, DEFAULT_LIMITS).encode("utf-8", "surrogateescape")
    return "sha256:" + sha256(content).hexdigest()
