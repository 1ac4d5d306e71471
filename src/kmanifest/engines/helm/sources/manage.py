"""Resolve and fetch a chart's dependencies, as `helm dependency update` and `helm dependency build` do.

An update resolves versions and locks them. A build uses the locked versions. The result has the packages for
`charts/` and the lock; the caller writes them. There are two differences to Helm. A build also accepts repositories
that are not in Helm's configuration. A login on the command line is for one server; with several servers, the
command fails.
Source: helm v3.22.0 pkg/downloader/manager.go; internal/resolver/resolver.go, Resolve.
"""

from urllib.parse import urlsplit

from kmanifest.engines.helm.charts.chart import Chart, Dependency
from kmanifest.engines.helm.charts.versions import check_constraint, is_version, satisfies
from kmanifest.engines.helm.gotemplate.gofmt import quoted
from kmanifest.engines.helm.sources import lock as locks
from kmanifest.engines.helm.sources import registries, urls
from kmanifest.engines.helm.sources.config import RepositoryEntry, get_by_url
from kmanifest.engines.helm.sources.find import ChartLocation, Finder, refuse_insecure
from kmanifest.engines.helm.sources.index import Index
from kmanifest.engines.helm.sources.lock import Lock
from kmanifest.engines.helm.sources.packing import pack, package_name
from kmanifest.io.remote.access import Access
from kmanifest.model.errors import KmanifestError, LimitError, SourceError
from kmanifest.model.url_masking import mask_url
from kmanifest.startup.typing import Callable, Final, NamedTuple, Protocol, Sequence

Out = Callable[[str], None]
Check = Callable[[ChartLocation, bytes], None]

FILE_SCHEME: Final = "file://"
_REPOSITORY_ADVICE: Final = (
    '\nNote that repositories must be URLs or aliases. For example, to refer to the "example"\n'
    'repository, use "https://charts.example.com/" or "@example" instead of\n'
    "\"example\". Don't forget to add the repo, too ('helm repo add')."
)


class LocalCharts(Protocol):
    """Local charts that a chart may depend on."""

    def at(self, repository: str) -> Chart:
        """Return the chart at a `file://` URL. Raises an error if it is missing or not allowed."""

    def vendored_chart(self, name: str) -> Chart:
        """Return the chart in the directory `charts/NAME`."""


class DependencyFiles(NamedTuple):
    """The files to write: packages by file name, and the lock if it has changed.

    `vendored` has the names of the dependencies without a repository. Their files in `charts/` must stay.
    """

    packages: dict[str, bytes]
    vendored: frozenset[str]
    lock: Lock | None


class Clock(NamedTuple):
    """The time in nanoseconds since 1970, and the offset of the time zone from UTC in seconds."""

    now: int
    offset: int


class Manager:
    """Updates or builds the dependencies of one chart.

    `out` is called with each line that Helm prints. `check` is called with each fetched package and raises an error
    if it is not accepted. With `refreshes`, the indexes of repositories are fetched again. `kept_index` returns Helm's
    cached index of a repository, by name.
    """

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

    def update(self) -> DependencyFiles | None:
        """Resolve the versions again and return the files to write, or None for a chart without dependencies."""
        if self._chart.metadata.dependencies is None:
            return None
        requirements = self._with_repository_urls()
        self._refresh_indexes(requirements)
        resolved = self._resolve(requirements)
        result = self._download_all(resolved)
        digest = locks.lock_digest(requirements, resolved)
        old_lock = locks.read_lock(self._chart)
        if old_lock is not None and old_lock.digest == digest:
            return result
        generated = locks.go_time(self._clock.now, self._clock.offset)
        return result._replace(lock=Lock(generated, digest, resolved))

    def build(self) -> DependencyFiles | None:
        """Return the files to write for the locked versions. Without a lock, it is an update."""
        lock = locks.read_lock(self._chart)
        if lock is None:
            return self.update()
        helm2_digest = locks.helm2_lock_digest(self._chart.metadata.requirements())
        locks.check_in_sync(self._chart, lock, self._with_repository_urls(), helm2_digest)
        locked = [dependency.copy() for dependency in lock.dependencies or ()]
        self._refresh_indexes(locked)
        return self._download_all(locked)

    def _with_repository_urls(self) -> list[Dependency]:
        """Return the dependencies with names of repositories replaced by URLs.

        Raises SourceError if a repository is unknown. Source: manager.go, resolveRepoNames.
        """
        requirements = [dependency.copy() for dependency in self._chart.metadata.requirements()]
        missing: list[str] = []
        for dependency in requirements:
            if dependency.repository.startswith(FILE_SCHEME):
                self._local.at(dependency.repository)
            elif dependency.repository and not urls.is_oci(dependency.repository):
                missing += self._replace_repository_name(dependency)
        if missing:
            has_plain_name = any(
                "//" not in repository and not repository.startswith(("@", "alias:"))
                for repository in missing
            )
            raise SourceError(
                f"no repository definition for {', '.join(map(mask_url, missing))}. Please add them via 'helm repo add'"
                + (_REPOSITORY_ADVICE if has_plain_name else "")
            )
        self._check_login(requirements)
        return requirements

    def _replace_repository_name(self, dependency: Dependency) -> list[str]:
        """Replace the name of a repository by its URL. Return a list with the name if it is unknown."""
        repository = dependency.repository
        for entry in self._finder.repositories:
            if repository in (f"@{entry.name}", f"alias:{entry.name}"):
                dependency.repository = entry.url
                return []
        is_url = urls.is_absolute(repository) or repository.startswith("/")
        return [] if is_url or self._known_repository(repository) else [repository]

    def _known_repository(self, url: str) -> RepositoryEntry | None:
        return get_by_url(self._finder.repositories, url)

    def _check_login(self, requirements: Sequence[Dependency]) -> None:
        """Raise SourceError if the login of the command line would be sent to several servers."""
        remote = (
            dependency.repository for dependency in requirements if "://" in dependency.repository
        )
        unknown_servers = {
            urlsplit(url).netloc.rpartition("@")[2]
            for url in remote
            if not url.startswith(FILE_SCHEME) and self._known_repository(url) is None
        }
        if self._access.login is not None and len(unknown_servers) > 1:
            raise SourceError(
                "--username and --password are for one server, "
                f"and the dependencies name {', '.join(sorted(unknown_servers))}"
            )

    # Indexes

    def _refresh_indexes(self, dependencies: Sequence[Dependency]) -> None:
        """Fetch the indexes of all repositories and print the results.

        Source: ensureMissingRepos, UpdateRepositories.
        """
        if not self._refreshes:
            return
        # Helm collects them by chart name, so two aliases of one chart cause one request.
        unknown: dict[str, str] = {}
        for dependency in dependencies:
            if (
                _is_web(dependency.repository)
                and self._known_repository(dependency.repository) is None
            ):
                unknown.setdefault(dependency.name, dependency.repository)
        if unknown:
            self._out("Getting updates for unmanaged Helm repositories...")
        for url in unknown.values():
            description = quoted(mask_url(url))
            self._refresh_index(url, self._access, description, f"{description} chart repository")
        if self._finder.repositories:
            self._out("Hang tight while we grab the latest from your chart repositories...")
            for entry in self._finder.repositories:
                description = f"{quoted(entry.name)} chart repository ({mask_url(entry.url)})"
                self._refresh_index(entry.url, entry.access, quoted(entry.name), description)
            self._out("Update Complete. ⎈Happy Helming!⎈")

    def _refresh_index(self, url: str, access: Access, name: str, description: str) -> None:
        try:
            self._index(url, access)
        except KmanifestError as error:
            self._out(f"...Unable to get an update from the {description}:\n\t{error.message}")
        else:
            self._out(f"...Successfully got an update from the {name} chart repository")

    def _index(self, url: str, access: Access) -> Index:
        """Return the index of a repository. It is fetched once; an error is remembered, too."""
        if url not in self._indexes:
            try:
                self._indexes[url] = self._finder.index_of(url, access)
            except KmanifestError as error:
                self._indexes[url] = error
        index = self._indexes[url]
        if isinstance(index, KmanifestError):
            raise index
        return index

    def _index_for(self, url: str) -> tuple[Index, Access]:
        """Return the index of a dependency's repository and the access for it.

        If the index can't be fetched, it is Helm's cached one.
        """
        repository = self._known_repository(url)
        access = repository.access if repository else self._access
        if repository is not None:
            refuse_insecure(repository)
        kept = self._kept_index(repository.name) if repository and not self._refreshes else None
        if kept is not None:
            return kept, access
        try:
            return self._index(url, access), access
        except LimitError:
            raise
        except KmanifestError as error:
            kept = self._kept_index(repository.name) if repository else None
            if kept is not None:
                return kept, access
            name = repository.name if repository else mask_url(url)
            problem = f"no cached repository for {name} found. (try 'helm repo update')"
            raise type(error)(f"{problem}: {error.message}") from error

    # Versions

    def _resolve(self, requirements: Sequence[Dependency]) -> list[Dependency]:
        """Return the dependencies with their resolved versions. Source: resolver.go, Resolve."""
        resolved: list[Dependency] = []
        missing: list[str] = []
        for dependency in requirements:
            try:
                check_constraint(dependency.version)
            except SourceError as error:
                problem = (
                    f"dependency {quoted(dependency.name)} has an invalid version/constraint format"
                )
                raise SourceError(f"{problem}: {error.message}") from error
            version = self._resolve_version(dependency)
            if version is None:
                missing.append(
                    f"{quoted(dependency.name)} "
                    f"(repository {quoted(mask_url(dependency.repository))}, "
                    f"version {quoted(dependency.version)})"
                )
            fields = {
                "name": dependency.name,
                "repository": dependency.repository,
                "version": version or "",
            }
            resolved.append(Dependency(fields))
        if missing:
            raise SourceError(
                f"can't get a valid version for {len(missing)} subchart(s): {', '.join(missing)}. Make sure a matching "
                "chart version exists in the repo, or change the version constraint in Chart.yaml"
            )
        return resolved

    def _resolve_version(self, dependency: Dependency) -> str | None:
        """Return the version to lock, or None if no version fits."""
        if not dependency.repository:
            self._local.vendored_chart(dependency.name)
            return dependency.version
        if dependency.repository.startswith(FILE_SCHEME):
            version = self._local.at(dependency.repository).metadata.version
            return version if satisfies(version, dependency.version) else None
        if urls.is_oci(dependency.repository):
            return self._resolve_registry_version(dependency)
        index, _ = self._index_for(dependency.repository)
        if dependency.name not in index.names:
            raise SourceError(
                f"{dependency.name} chart not found in repo {mask_url(dependency.repository)}"
            )
        usable = (entry.version for entry in index.versions(dependency.name) if entry.urls)
        return next((version for version in usable if satisfies(version, dependency.version)), None)

    def _resolve_registry_version(self, dependency: Dependency) -> str | None:
        if is_version(dependency.version):
            return dependency.version
        reference = registries.parse_reference(f"{dependency.repository}/{dependency.name}")
        try:
            tags = self._finder.fetcher.tags(reference, self._access)
        except LimitError:
            raise
        except KmanifestError as error:
            problem = (
                f"could not retrieve list of tags for repository {mask_url(dependency.repository)}"
            )
            raise type(error)(f"{problem}: {error.message}") from error
        versions = registries.versions_from_tags(tags)
        return next(
            (version for version in versions if satisfies(version, dependency.version)), None
        )

    # Packages

    def _download_all(self, dependencies: Sequence[Dependency]) -> DependencyFiles:
        """Fetch or pack all dependencies and return the files to write. Source: manager.go, downloadAll."""
        self._out(f"Saving {len(dependencies)} charts")
        packages: dict[str, bytes] = {}
        downloaded: set[str] = set()
        try:
            for dependency in dependencies:
                if not dependency.repository:
                    self._check_vendored(dependency)
                elif dependency.repository.startswith(FILE_SCHEME):
                    self._pack_local(dependency, packages)
                else:
                    self._download(dependency, packages, downloaded)
        except KmanifestError as error:
            self._out(f"Save error occurred:  {error.message}")
            raise
        vendored = frozenset(
            dependency.name for dependency in dependencies if not dependency.repository
        )
        return DependencyFiles(packages, vendored, None)

    def _check_vendored(self, dependency: Dependency) -> None:
        self._out(
            f"Dependency {dependency.name} did not declare a repository. Assuming it exists in the charts directory"
        )
        version = self._local.vendored_chart(dependency.name).metadata.version
        if not satisfies(version, dependency.version):
            raise SourceError(
                f"dependency {dependency.name} at version {version} "
                f"does not satisfy the constraint {dependency.version}"
            )

    def _pack_local(self, dependency: Dependency, packages: dict[str, bytes]) -> None:
        chart = self._local.at(dependency.repository)
        if not satisfies(chart.metadata.version, dependency.version):
            raise SourceError(f"can't get a valid version for dependency {dependency.name}")
        packages[package_name(chart)] = pack(chart, self._clock.now)
        dependency.version = chart.metadata.version

    def _download(
        self, dependency: Dependency, packages: dict[str, bytes], downloaded: set[str]
    ) -> None:
        location = self._locate(dependency)
        address = location.url or str(location.reference)
        if address in downloaded:
            self._out(
                f"Already downloaded {dependency.name} from repo {mask_url(dependency.repository)}"
            )
            return
        self._out(f"Downloading {dependency.name} from repo {mask_url(dependency.repository)}")
        try:
            content = self._finder.fetch(location)
            self._check(location, content)
        except KmanifestError as error:
            raise type(error)(f"could not download {mask_url(address)}: {error.message}") from error
        packages[location.file_name] = content
        downloaded.add(address)

    def _locate(self, dependency: Dependency) -> ChartLocation:
        """Return the location of a locked dependency's package. Source: manager.go, findChartURL."""
        if urls.is_oci(dependency.repository):
            reference = registries.parse_reference(
                f"{dependency.repository}/{dependency.name}:{dependency.version}"
            )
            return ChartLocation(reference.file_name, self._access, reference=reference)
        index, access = self._index_for(dependency.repository)
        try:
            entry = index.pick_exact(dependency.name, dependency.version)
        except SourceError as error:
            raise SourceError(
                f"could not find {dependency.name}-{dependency.version} "
                f"in {mask_url(dependency.repository)}: {error.message}"
            ) from error
        return self._finder.location_of(
            entry, dependency.repository, access, f"chart {quoted(dependency.name)}"
        )


def _is_web(repository: str) -> bool:
    return (
        bool(repository) and not repository.startswith(FILE_SCHEME) and not urls.is_oci(repository)
    )
