"""From a target to its copy: each kustomization is read, what it names is copied, and it is written with the new paths.

Each root is worked on to its end before the next entry of the one above, as a chart home is copied only where nothing of
it is there yet. What is remote gets a place below the root that names it, so that the copy of a root does not depend on
who names it. A directory that is reached again, in the same place of the copy, is not gone through again.
Source: kustomize v5.8.2 api/internal/localizer/localizer.go and locloader.go.
"""

from collections.abc import Callable, Mapping

from kmanifest.engines.kustomize import resource_files as loading
from kmanifest.engines.kustomize.file_patterns import files_of
from kmanifest.engines.kustomize.key_values import base_name, split_source
from kmanifest.engines.kustomize.kustomization import read_fields
from kmanifest.engines.kustomize.localize import destinations as places
from kmanifest.engines.kustomize.localize.marshal import dump_kustomization
from kmanifest.engines.kustomize.localize.output import Copy, Draft
from kmanifest.engines.kustomize.localize.paths import (
    FIELDS,
    Changes,
    change_config,
    change_field,
    within_field,
)
from kmanifest.engines.kustomize.roots import Root, enter_root
from kmanifest.io import tree as trees
from kmanifest.io.remote import is_file_url
from kmanifest.io.remote.urls import shown_url, without_password
from kmanifest.model.errors import KmanifestError, MissingError, SourceError
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline import parsing as manifests
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.remote_bases import find_fetcher, find_repository
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Any, Final, NamedTuple

CHARTS: Final = "charts"
_BY_PATTERNS: Final = ("kmanifest.dev/v1alpha1", "ResourcesGenerator")
_OF_GIT: Final = (".git", "git~1")
_LARGEST_PROGRAM: Final = 1 << 28  # bytes; a program is often larger than what a build reads


class Wanted(NamedTuple):
    """What is to be copied: a directory of the context's tree, and the scope that local roots may not lie outside of.

    `url` names the target where it is in a repository, whose root is the scope then. `destination` is where the copy will be,
    empty where that is in no place of the tree. `program_of` gives the path of the program that a config names, empty where it
    names none.
    """

    directory: str
    scope: str
    url: str = ""
    destination: str = ""
    program_of: Callable[[Resource], str] = lambda _: ""


def localize(ctx: Context, wanted: Wanted) -> Copy:
    """The copy of a directory and of all that it names.

    SourceError for what may not be copied or is written wrongly, MissingError for what is not there, FetchError for what
    can't be fetched.
    """
    into = trees.join("", places.relative(wanted.directory, wanted.scope))
    inside = ctx._replace(directory=wanted.directory)
    urls = (wanted.url,) if wanted.url else ()
    localizer = _Localizer(wanted)
    localizer.root(_Site(inside, into, is_local=not wanted.url, urls=urls))
    return localizer.draft.finished(into)


class _Site(NamedTuple):
    """One root, which is `ctx.directory`, and the directory of its copy.

    `above` and `urls` are as for `enter_root`; `is_local` where neither it nor one above it is remote.
    """

    ctx: Context
    into: str
    is_local: bool
    above: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    def below(self, path: str, root: Root, into: str) -> "_Site":
        """The site of a root that this one names as `path`."""
        return _Site(
            root.ctx._replace(directory=root.directory),
            trees.join(self.into, into),
            is_local=self.is_local and not root.is_remote,
            above=(*self.above, self.ctx.directory),
            urls=(*self.urls, path) if root.is_remote else self.urls,
        )

    def has(self, name: str) -> bool:
        """Whether there is anything at `name` in the root."""
        return _is_there(self.ctx, trees.join(self.ctx.directory, name))


class _Passed(NamedTuple):
    """The directories that were gone through for a root, with its own, and the entries that named remote ones."""

    directories: set[str]
    urls: set[str]

    def is_free_of(self, site: _Site) -> bool:
        """Whether going through them again from this site would be no cycle."""
        return not any(
            trees.is_below(known, directory)
            for known in (site.ctx.directory, *site.above)
            for directory in self.directories
        ) and not any(known.startswith(url) for known in site.urls for url in self.urls)


class _Localizer:
    """Puts one copy together."""

    def __init__(self, wanted: Wanted) -> None:
        self.draft = Draft()
        self._wanted = wanted
        self._done: dict[tuple[str, str], _Passed] = {}
        self._passing: list[_Passed] = []

    def root(self, site: _Site) -> None:
        """Copy one root and all that it names. Only two functions are between it and itself: roots may be nested 200 deep."""
        self.draft.make_directory(site.into)
        file, written = read_fields(site.ctx, site.ctx.directory)
        fields = written or {}
        passed = _Passed({site.ctx.directory}, set())
        self._passing.append(passed)
        for name in ("bases", "components", "resources"):
            added = self._resource if name == "resources" else self._root
            entries: list[str] = []
            for path in fields.get(name, ()):
                try:
                    entries.append(added(site, path))
                except KmanifestError as error:
                    raise within_field(error, name, len(entries)).within(file=file) from error
            fields[name] = entries
        try:
            content = dump_kustomization(self._files(site, fields), site.ctx.options.limits)
        except KmanifestError as error:
            raise error.within(file=file) from error
        self._put(site, file.rpartition("/")[2], content)
        self._passing.pop()
        self._finish(site, passed)

    def _files(self, site: _Site, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The fields with all files copied that are named in them."""
        changes = self._changes(site)
        result = dict(fields)
        for name in FIELDS:
            try:
                if name in result:
                    result[name] = change_field(name, _with_home(name, result[name]), changes)
                elif name == "helmGlobals" and result.get("helmCharts"):
                    self._chart_home(site, "")
            except KmanifestError as error:
                raise within_field(error, name) from error
        return result

    def _changes(self, site: _Site) -> Changes:
        return Changes(
            file=lambda path: self._file(site, path),
            source=lambda source: self._source(site, source),
            patch=lambda entry: self._patch(site, entry),
            plugin=lambda entry: self._plugin(site, entry),
            chart_home=lambda home: self._chart_home(site, home),
        )

    def _finish(self, site: _Site, passed: _Passed) -> None:
        self._done[site.ctx.directory, site.into] = passed
        if self._passing:
            self._passing[-1].directories.update(passed.directories)
            self._passing[-1].urls.update(passed.urls)

    def _resource(self, site: _Site, path: str) -> str:
        """Copy a file of resources, or else a root. The page of a repository on a web server is no file of resources."""
        try:
            content = self._read(site, path)
            _parsed(site.ctx, content, path)
            return self._write(site, path, content)
        except KmanifestError as error:
            file_error = error
        try:
            return self._root(site, path)
        except KmanifestError as error:
            raise _better(site.ctx, path, file_error, error) from error

    def _root(self, site: _Site, path: str) -> str:
        """Copy a root; gives its path as seen from the one that names it."""
        if not path:
            return ""
        root, into = self._enter(site, path)
        below = site.below(path, root, into)
        done = self._done.get((root.directory, below.into))
        if done is None or not done.is_free_of(site):
            self.root(below)
        else:
            self._finish(below, done)
        if root.is_remote:
            self._passing[-1].urls.add(path)
        return into

    def _enter(self, site: _Site, path: str) -> tuple[Root, str]:
        """The root that an entry names, and where it goes, as seen from the one that names it."""
        repository = find_repository(path)
        if repository is None and find_fetcher(site.ctx, path):
            raise SourceError(f"what a plug-in fetches can't be localized: {path!r}")
        if repository is not None and not repository.ref:
            shown = without_password(path)
            raise SourceError(f"localize remote root {shown!r} missing ref query string parameter")
        if repository is None:
            self._check_outside(site, path, "root")
        root = enter_root(site.ctx, path, site.above, site.urls)
        if repository is None:
            if site.is_local and not trees.is_below(root.directory, self._wanted.scope):
                message = f"root {path!r} is outside of the localize scope"
                raise SourceError(message)
            return root, places.relative(root.directory, site.ctx.directory)
        self._check_room(site, path)
        top = site.ctx.require_remote(repository.name).repository(repository)
        inside = places.relative(root.directory, top)
        return root, places.place_of_root(repository, inside)

    def _file(self, site: _Site, path: str) -> str:
        """Copy a file; gives its path as seen from its root. An empty path is left to the build."""
        return self._write(site, path, self._read(site, path)) if path else ""

    def _read(self, site: _Site, path: str) -> bytes:
        if not is_file_url(path):
            self._check_outside(site, path, "file")
        return site.ctx.read_resolved(loading.find(site.ctx, path))

    def _write(self, site: _Site, path: str, content: bytes) -> str:
        """Write a file to where it is without links, so that its copy is where it is looked for."""
        if is_file_url(path):
            self._check_room(site, path)
            place = places.place_of_file(path)
            known = self.draft.content(trees.join(site.into, place))
            if known is not None and known != content:
                site.ctx.warn(
                    f"{place} is copied from two URLs that differ, the second is {shown_url(path)}"
                )
        else:
            place = places.relative(site.ctx.locate(path), site.ctx.directory)
        self._put(site, place, content, is_remote=is_file_url(path))
        return place

    def _put(
        self,
        site: _Site,
        place: str,
        content: bytes,
        *,
        executable: bool = False,
        is_remote: bool = False,
    ) -> None:
        """Write a file of a root; SourceError for what is remote and would make a repository of the copy.

        No repository has such a name in it, but a forged one, and git runs what the settings in a repository say.
        """
        path = trees.join(site.into, place)
        is_remote = is_remote or not site.is_local
        if is_remote and any(step.rstrip(". ").lower() in _OF_GIT for step in path.split("/")):
            raise SourceError(f"security; what is remote may not be put at {path!r}")
        self.draft.put(path, content, executable=executable)

    def _patch(self, site: _Site, entry: str) -> str:
        """Copy the file that an entry names; the entry itself where it is the text of an object."""
        _, is_path = self._objects(site, entry)
        return self._file(site, entry) if is_path else entry

    def _plugin(self, site: _Site, entry: str) -> str:
        """Copy the configs of plug-ins that an entry names or is, with all that they name; gives the new entry."""
        objects, is_path = self._objects(site, entry)
        changes = self._changes(site)
        for config in objects:
            self._program(site, self._wanted.program_of(config))
            if (config.api_version, config.kind) == _BY_PATTERNS:
                self._listed(site, config)
        changed = objects.map(lambda config: change_config(config, changes))
        text = Rendered(changed, limits=site.ctx.options.limits).text()
        return self._write(site, entry, text.encode()) if is_path else text

    def _source(self, site: _Site, source: str) -> str:
        """Copy the file of `path` or `key=path`.

        The key is told where it is that of a link, which the reference loses.
        """
        key, path = split_source(source)
        place = self._file(site, path)
        is_told = path != source or base_name(place) != key
        return f"{key}={place}" if is_told else place

    def _objects(self, site: _Site, entry: str) -> tuple[ResourceMap, bool]:
        """The objects that an entry is the text of, or those in the file that it names, and whether it names one."""
        try:
            return _parsed(site.ctx, entry.encode(), ""), False
        except KmanifestError as error:
            inline_error = error
        try:
            return _parsed(site.ctx, self._read(site, entry), entry), True
        except KmanifestError as error:
            raise (inline_error if "\n" in entry else error) from error

    def _program(self, site: _Site, path: str) -> None:
        """Copy the program of a function to where it is looked for; one out of reach is left to the build.

        The reference copies none.
        """
        if not path:
            return
        ctx = site.ctx
        try:
            place = trees.join(ctx.directory, path)
            real = ctx.tree.resolve(place)
            is_inside = trees.is_below(place, ctx.directory) and trees.is_below(real, ctx.directory)
            if path.startswith("/") or not is_inside:
                raise SourceError("it is not in or below the directory of the kustomization")
            content = ctx.tree.read(real, limit=_LARGEST_PROGRAM)
        except KmanifestError as error:
            ctx.warn(f"the function {path} is not copied: {error.message}")
            return
        executable = trees.is_executable(ctx.tree, real)
        if executable and not site.is_local:
            ctx.warn(f"the function {path} comes from {real}: read it before you let it run")
        name = places.relative(place, ctx.directory)
        self._put(site, name, content, executable=executable)

    def _listed(self, site: _Site, config: Resource) -> None:
        """Copy the files that the patterns of a ResourcesGenerator are for; the reference has no such thing."""
        for file in files_of(site.ctx, config):
            place = places.relative(file, site.ctx.directory)
            self._put(site, place, site.ctx.read_resolved(file))

    def _chart_home(self, site: _Site, home: str) -> str:
        """Copy a directory of charts; gives its path as seen from the root. An empty one means the default.

        One that is not there may be where charts will be put. The default one keeps its name, be it a link.
        """
        path = home or CHARTS
        if path.startswith("/"):
            raise SourceError(f"absolute path {path!r} of charts is not handled")
        place = trees.join(site.ctx.directory, path)
        shown = places.relative(place, site.ctx.directory)
        self._check_outside(site, path, "root")
        if not _is_there(site.ctx, place):
            return home and shown
        root = enter_root(site.ctx, shown, site.above, site.urls)
        if site.is_local and not trees.is_below(root.directory, self._wanted.scope):
            raise SourceError(f"chart home {path!r} is outside of the localize scope")
        if shown != CHARTS:
            shown = places.relative(root.directory, site.ctx.directory)
        into = trees.join(site.into, shown)
        if not self.draft.has(into):
            self._copy_directory(site, root.directory, shown)
        return home and shown

    def _copy_directory(self, site: _Site, directory: str, into: str) -> None:
        """Copy a directory without the links in it, and without the copy itself."""
        tree = site.ctx.tree
        todo = [(directory, into)]
        while todo:
            source, place = todo.pop()
            if tree.kind(source) == "file":
                self._put(site, place, site.ctx.read_resolved(source))
            elif tree.kind(source) == "dir" and source != self._wanted.destination:
                self.draft.make_directory(trees.join(site.into, place))
                # Only a commit may hold other names.
                names = (name for name in tree.list(source) if "/" not in name)
                todo += [
                    (f"{source}/{name}", f"{place}/{name}")
                    for name in names
                    if name not in (".", "..")
                ]

    def _check_outside(self, site: _Site, path: str, what: str) -> None:
        destination = self._wanted.destination
        if site.is_local and destination:
            place = trees.join(site.ctx.directory, path)
            if trees.is_below(place, destination):
                raise SourceError(f"{what} {path!r} enters the localize destination")

    def _check_room(self, site: _Site, path: str) -> None:
        if site.has(places.DIRECTORY):
            directory = site.ctx.directory or "."
            message = f"{directory} already contains {places.DIRECTORY} needed to store {without_password(path)!r}"
            raise SourceError(message)


def _parsed(ctx: Context, content: bytes, path: str) -> ResourceMap:
    """The objects in a text; SourceError where it is none of objects, RenderError where two of them have the same id."""
    return ResourceMap().append(manifests.parse(ctx, content, ctx.locate(path) if path else ""))


def _is_there(ctx: Context, path: str) -> bool:
    try:
        ctx.tree.resolve(path)
    except MissingError:
        return False
    return True


def _with_home(name: str, value: Any) -> Any:
    """The value of a field, with an empty home of charts where it has none: it means the default."""
    if name == "helmGlobals":
        return {"chartHome": "", **value}
    if name == "helmChartInflationGenerator":
        return [{"chartHome": "", **args} for args in value]
    return value


def _better(
    ctx: Context, path: str, file_error: KmanifestError, root_error: KmanifestError
) -> KmanifestError:
    """The error for an entry that is no file of resources and no root either."""
    if find_repository(path) is not None:
        if root_error.location.file:
            return root_error
        message = f"could not localize {without_password(path)!r} as file: {file_error}; as directory: {root_error}"
        return type(root_error)(message)
    try:
        kind = ctx.tree.kind(ctx.tree.resolve(trees.join(ctx.directory, path)))
    except KmanifestError:
        return file_error
    return root_error if kind == "dir" else file_error
