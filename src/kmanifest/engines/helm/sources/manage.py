"""`dependency update` and `dependency build`: from what a chart asks for to the packages for its `charts/`, and the lock.

An update looks for versions and locks them; a build takes those of the lock. Nothing is written here: the caller gets what to
write. Two things are other than in the reference: a build also takes repositories that helm does not know by a name, and
a login of the command line goes to one server, or nothing is done.
Source: helm v3.22.0 pkg/downloader/manager.go; internal/resolver/resolver.go, Resolve.
"""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from kmanifest.engines.helm.charts.chart import Chart, Dependency
from kmanifest.engines.helm.charts.versions import check_constraint, fits, is_version
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources import lock as locks
from kmanifest.engines.helm.sources import registries, urls
from kmanifest.engines.helm.sources.config import RepositoryEntry, find_by_url
from kmanifest.engines.helm.sources.find import Finder, Place, refuse_insecure
from kmanifest.engines.helm.sources.index import Index
from kmanifest.engines.helm.sources.lock import Lock
from kmanifest.engines.helm.sources.packing import pack, package_name
from kmanifest.io.remote.access import Access
from kmanifest.io.remote.urls import shown_url, without_password
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.startup.typing import Final, NamedTuple, Protocol

Out = Callable[[str], None]
Check = Callable[[Place, bytes], None]

LOCAL: Final = "file://"
_ADVICE: Final = (
    '\nNote that repositories must be URLs or aliases. For example, to refer to the "example"\n'
    'repository, use "https://charts.example.com/" or "@example" instead of\n'
    "\"example\". Don't forget to add the repo, too ('helm repo add')."
)


class LocalCharts(Protocol):
    """The charts of this machine that a chart may name."""

    def at(self, repository: str) -> Chart:
        """The chart at `file://…`; an error where there is none, or it may not be named."""

    def vendored_chart(self, name: str) -> Chart:
        """The chart in the directory `charts/NAME`."""


class Result(NamedTuple):
    """What to write: packages by their names, and the lock where it is another than before.

    `own` are the names of the charts that have no repository, whose packages stay.
    """

    packages: dict[str, bytes]
    own: frozenset[str]
    lock: Lock | None


class Clock(NamedTuple):
    """The time, in nanoseconds, and its zone's offset from UTC, in seconds."""

    now: int
    offset: int


class Manager:
    """Works on one chart; `out` takes the lines that helm prints, `check` is asked whether a package may be taken, and raises if not."""

    def __init__(
        self,
        chart: Chart,
        finder: Finder,
        local: LocalCharts,
        *,
        clock: Clock,
        out: Out,
        access: Access = Access(),
        refreshes: bool = True,
        kept_index: Callable[[str], Index | None] = lambda _: None,
        check: Check = lambda *_: None,
    ) -> None:
        self._chart = chart
        self._finder = finder
        self._local = local
        self._clock = clock
        self._out = out
        self._access = access
        self._refreshes = refreshes
        self._kept_index = kept_index
        self._check = check
        self._indexes: dict[str, Index | KmanifestError] = {}

    def update(self) -> Result | None:
        """What an update writes; None where the chart asks for nothing."""
        if self._chart.metadata.dependencies is None:
            return None
        asked = self._asked()
        self._refresh(asked)
        found = self._resolved(asked)
        result = self._downloaded(found)
        digest = locks.digest_of(asked, found)
        old = locks.read_lock(self._chart)
        if old is not None and old.digest == digest:
            return result
        generated = locks.go_time(self._clock.now, self._clock.offset)
        return result._replace(lock=Lock(generated, digest, found))

    def build(self) -> Result | None:
        """What a build writes: what the lock says, or what an update writes where there is none."""
        lock = locks.read_lock(self._chart)
        if lock is None:
            return self.update()
        before = locks.old_digest_of(self._chart.metadata.requirements())
        locks.check_in_sync(self._chart, lock, self._asked(), before)
        found = [each.copied() for each in lock.dependencies or ()]
        self._refresh(found)
        return self._downloaded(found)

    def _asked(self) -> list[Dependency]:
        """The dependencies, with URLs for names of repositories. Source: manager.go, resolveRepoNames."""
        asked = [each.copied() for each in self._chart.metadata.requirements()]
        missing: list[str] = []
        for each in asked:
            if each.repository.startswith(LOCAL):
                self._local.at(each.repository)
            elif each.repository and not urls.is_oci(each.repository):
                missing += self._name(each)
        if missing:
            plain = any(
                "//" not in each and not each.startswith(("@", "alias:")) for each in missing
            )
            raise SourceError(
                f"no repository definition for {', '.join(missing)}. Please add them via 'helm repo add'"
                + (_ADVICE if plain else "")
            )
        self._check_login(asked)
        return asked

    def _name(self, dependency: Dependency) -> list[str]:
        """Put the URL of a named repository in; what is unknown."""
        text = dependency.repository
        for known in self._finder.repositories:
            if text in (f"@{known.name}", f"alias:{known.name}"):
                dependency.repository = known.url
                return []
        is_url = urls.is_absolute(text) or text.startswith("/")
        return [] if is_url or self._known(text) else [text]

    def _known(self, url: str) -> RepositoryEntry | None:
        return find_by_url(self._finder.repositories, url)

    def _check_login(self, asked: Sequence[Dependency]) -> None:
        """SourceError where the login of the command line would be shown to several servers."""
        remote = (each.repository for each in asked if "://" in each.repository)
        strange = {
            urlsplit(url).netloc.rpartition("@")[2]
            for url in remote
            if not url.startswith(LOCAL) and self._known(url) is None
        }
        if self._access.login is not None and len(strange) > 1:
            raise SourceError(
                f"--username and --password are for one server, and the dependencies name {', '.join(sorted(strange))}"
            )

    # Indexes

    def _refresh(self, dependencies: Sequence[Dependency]) -> None:
        """Ask repositories for their indexes, and tell of it. Source: ensureMissingRepos, UpdateRepositories."""
        if not self._refreshes:
            return
        # The reference keeps them by the name of the chart, so it asks once for two aliases of one.
        unknown: dict[str, str] = {}
        for each in dependencies:
            if _is_web(each.repository) and self._known(each.repository) is None:
                unknown.setdefault(each.name, each.repository)
        if unknown:
            self._out("Getting updates for unmanaged Helm repositories...")
        for url in unknown.values():
            shown = quoted(without_password(url))
            self._ask_index(url, self._access, shown, f"{shown} chart repository")
        if self._finder.repositories:
            self._out("Hang tight while we grab the latest from your chart repositories...")
            for known in self._finder.repositories:
                shown = f"{quoted(known.name)} chart repository ({without_password(known.url)})"
                self._ask_index(known.url, known.access, quoted(known.name), shown)
            self._out("Update Complete. ⎈Happy Helming!⎈")

    def _ask_index(self, url: str, access: Access, name: str, shown: str) -> None:
        try:
            self._index(url, access)
        except KmanifestError as error:
            self._out(f"...Unable to get an update from the {shown}:\n\t{error.message}")
        else:
            self._out(f"...Successfully got an update from the {name} chart repository")

    def _index(self, url: str, access: Access) -> Index:
        """The index of a repository, read once."""
        if url not in self._indexes:
            try:
                self._indexes[url] = self._finder.index_of(url, access)
            except KmanifestError as error:
                self._indexes[url] = error
        found = self._indexes[url]
        if isinstance(found, KmanifestError):
            raise found
        return found

    def _index_for(self, url: str) -> tuple[Index, Access]:
        """The index of a dependency's repository, as old as helm has it where it can't be had."""
        known = self._known(url)
        access = known.access if known else self._access
        if known is not None:
            refuse_insecure(known)
        kept = self._kept_index(known.name) if known and not self._refreshes else None
        if kept is not None:
            return kept, access
        try:
            return self._index(url, access), access
        except LimitError:
            raise
        except KmanifestError as error:
            old = self._kept_index(known.name) if known else None
            if old is not None:
                return old, access
            name = known.name if known else without_password(url)
            problem = f"no cached repository for {name} found. (try 'helm repo update')"
            raise type(error)(f"{problem}: {error.message}") from error

    # Versions

    def _resolved(self, asked: Sequence[Dependency]) -> list[Dependency]:
        """What is found for each dependency. Source: resolver.go, Resolve."""
        found: list[Dependency] = []
        missing: list[str] = []
        for each in asked:
            try:
                check_constraint(each.version)
            except SourceError as error:
                problem = f"dependency {quoted(each.name)} has an invalid version/constraint format"
                raise SourceError(f"{problem}: {error.message}") from error
            version = self._version(each)
            if version is None:
                missing.append(
                    f"{quoted(each.name)} (repository {quoted(without_password(each.repository))}, version {quoted(each.version)})"
                )
            facts = {"name": each.name, "repository": each.repository, "version": version or ""}
            found.append(Dependency(facts))
        if missing:
            raise SourceError(
                f"can't get a valid version for {len(missing)} subchart(s): {', '.join(missing)}. Make sure a matching "
                "chart version exists in the repo, or change the version constraint in Chart.yaml"
            )
        return found

    def _version(self, each: Dependency) -> str | None:
        """The version that is locked; None where none fits."""
        if not each.repository:
            self._local.vendored_chart(each.name)
            return each.version
        if each.repository.startswith(LOCAL):
            version = self._local.at(each.repository).metadata.version
            return version if fits(each.version, version) else None
        if urls.is_oci(each.repository):
            return self._registry_version(each)
        index, _ = self._index_for(each.repository)
        if each.name not in index.names:
            raise SourceError(
                f"{each.name} chart not found in repo {without_password(each.repository)}"
            )
        usable = (entry.version for entry in index.versions(each.name) if entry.urls)
        return next((version for version in usable if fits(each.version, version)), None)

    def _registry_version(self, each: Dependency) -> str | None:
        if is_version(each.version):
            return each.version
        reference = registries.parse_reference(f"{each.repository}/{each.name}")
        try:
            tags = self._finder.fetcher.tags(reference, self._access)
        except LimitError:
            raise
        except KmanifestError as error:
            problem = f"could not retrieve list of tags for repository {without_password(each.repository)}"
            raise type(error)(f"{problem}: {error.message}") from error
        versions = registries.versions_of(tags)
        return next((version for version in versions if fits(each.version, version)), None)

    # Packages

    def _downloaded(self, found: Sequence[Dependency]) -> Result:
        """The packages of what was found. Source: manager.go, downloadAll."""
        self._out(f"Saving {len(found)} charts")
        packages: dict[str, bytes] = {}
        done: set[str] = set()
        try:
            for each in found:
                if not each.repository:
                    self._check_held(each)
                elif each.repository.startswith(LOCAL):
                    self._pack_local(each, packages)
                else:
                    self._download(each, packages, done)
        except KmanifestError as error:
            self._out(f"Save error occurred:  {error.message}")
            raise
        own = frozenset(each.name for each in found if not each.repository)
        return Result(packages, own, None)

    def _check_held(self, each: Dependency) -> None:
        self._out(
            f"Dependency {each.name} did not declare a repository. Assuming it exists in the charts directory"
        )
        version = self._local.vendored_chart(each.name).metadata.version
        if not fits(each.version, version):
            raise SourceError(
                f"dependency {each.name} at version {version} does not satisfy the constraint {each.version}"
            )

    def _pack_local(self, each: Dependency, packages: dict[str, bytes]) -> None:
        chart = self._local.at(each.repository)
        if not fits(each.version, chart.metadata.version):
            raise SourceError(f"can't get a valid version for dependency {each.name}")
        packages[package_name(chart)] = pack(chart, self._clock.now)
        each.version = chart.metadata.version

    def _download(self, each: Dependency, packages: dict[str, bytes], done: set[str]) -> None:
        place = self._place(each)
        where = place.url or str(place.reference)
        if where in done:
            self._out(
                f"Already downloaded {each.name} from repo {without_password(each.repository)}"
            )
            return
        self._out(f"Downloading {each.name} from repo {without_password(each.repository)}")
        try:
            content = self._finder.fetch(place)
            self._check(place, content)
        except KmanifestError as error:
            raise type(error)(f"could not download {shown_url(where)}: {error.message}") from error
        packages[place.file_name] = content
        done.add(where)

    def _place(self, each: Dependency) -> Place:
        """Where the package of a locked dependency is. Source: manager.go, findChartURL."""
        if urls.is_oci(each.repository):
            reference = registries.parse_reference(f"{each.repository}/{each.name}:{each.version}")
            return Place(reference.file_name, self._access, reference=reference)
        index, access = self._index_for(each.repository)
        try:
            entry = index.pick_exact(each.name, each.version)
        except SourceError as error:
            raise SourceError(
                f"could not find {each.name}-{each.version} in {without_password(each.repository)}: {error.message}"
            ) from error
        return self._finder.place_of(entry, each.repository, access, f"chart {quoted(each.name)}")


def _is_web(repository: str) -> bool:
    return bool(repository) and not repository.startswith(LOCAL) and not urls.is_oci(repository)
