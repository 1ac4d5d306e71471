"""Copy a target: read each kustomization, copy the files that it names, and write it with the new paths.

A root is a directory with a kustomization. Each root is finished before the next entry of its parent is read, because a
chart home is copied only if nothing of it has been copied. Remote files are copied to a path below the root that names
them, so the copy of a root does not depend on its parents. A root is not copied again if it is reached again with the
same directory in the copy.
Source: kustomize v5.8.2 api/internal/localizer/localizer.go and locloader.go.
"""

from kmanifest.engines.kustomize.file_patterns import files_of
from kmanifest.engines.kustomize.key_values import base_name, split_source
from kmanifest.engines.kustomize.kustomization import read_fields
from kmanifest.engines.kustomize.localize import destinations
from kmanifest.engines.kustomize.localize.marshal import dump_kustomization
from kmanifest.engines.kustomize.localize.output import LocalizedFiles, OutputBuilder
from kmanifest.engines.kustomize.localize.paths import (
    FIELDS,
    PathChanges,
    change_config,
    change_field,
    within_field,
)
from kmanifest.engines.kustomize.roots import Root, enter_root
from kmanifest.io import tree as trees
from kmanifest.io.remote import is_file_url
from kmanifest.model.errors import KmanifestError, MissingError, SourceError
from kmanifest.model.findings import LOCALIZED
from kmanifest.model.resource import Resource
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.model.url_masking import mask_url
from kmanifest.pipeline import parsing
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.remote_bases import find_fetcher, find_repository
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Any, Callable, Final, Iterable, Iterator, Mapping, NamedTuple

CHARTS: Final = "charts"
_RESOURCES_GENERATOR: Final = ("kmanifest.dev/v1alpha1", "ResourcesGenerator")
_JINJA_GENERATOR: Final = ("kmanifest.dev/v1alpha1", "JinjaGenerator")
_CHART_GENERATOR: Final = ("kmanifest.dev/v1alpha1", "ChartGenerator")
_TEMPLATE_SUFFIX: Final = ".j2"
_GIT_DIRECTORY_NAMES: Final = (".git", "git~1")
# In bytes. Executables are often larger than the files that a build reads.
_MAX_EXECUTABLE_SIZE: Final = 1 << 28


class LocalizeRequest(NamedTuple):
    """A target to copy: a directory of the context's tree, and the scope that must contain all local roots.

    `url` is the URL of a target in a repository; the scope is then the root of the repository. `destination` is the
    path of the copy in the tree, or empty if it is not in the tree. `executable_path` returns the path of the
    executable that a config names, or an empty string if it names none.
    """

    directory: str
    scope: str
    url: str = ""
    destination: str = ""
    executable_path: Callable[[Resource], str] = lambda _: ""


def localize(ctx: Context, request: LocalizeRequest) -> LocalizedFiles:
    """Return a copy of a directory and of everything that it names.

    Raises SourceError if something is invalid or must not be copied, MissingError if it does not exist, and FetchError
    if a download fails.
    """
    copy_directory = trees.join("", destinations.relative(request.directory, request.scope))
    root_ctx = ctx._replace(directory=request.directory)
    urls = (request.url,) if request.url else ()
    localizer = _Localizer(request)
    localizer.copy_root(_RootContext(root_ctx, copy_directory, is_local=not request.url, urls=urls))
    return localizer.output.build(copy_directory)


class _RootContext(NamedTuple):
    """A root, which is `ctx.directory`, and the directory of its copy.

    `ancestors` and `urls` are the arguments of `enter_root`. `is_local` is true if neither the root nor an ancestor is
    remote.
    """

    ctx: Context
    copy_directory: str
    is_local: bool
    ancestors: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    def child(self, path: str, base: Root, relative_path: str) -> "_RootContext":
        """Return the context of a root that this one names as `path`."""
        return _RootContext(
            base.ctx._replace(directory=base.directory),
            trees.join(self.copy_directory, relative_path),
            is_local=self.is_local and not base.is_remote,
            ancestors=(*self.ancestors, self.ctx.directory),
            urls=(*self.urls, path) if base.is_remote else self.urls,
        )

    def exists(self, name: str) -> bool:
        """Whether `name` exists in the root."""
        return _exists(self.ctx, trees.join(self.ctx.directory, name))


class _VisitedRoots(NamedTuple):
    """The directories of a root and of all roots that it names, and the entries that name remote roots."""

    directories: set[str]
    urls: set[str]

    def is_acyclic_from(self, root: _RootContext) -> bool:
        """Whether `root` can name these roots without a cycle."""
        return not any(
            trees.is_below(known, directory)
            for known in (root.ctx.directory, *root.ancestors)
            for directory in self.directories
        ) and not any(known.startswith(url) for known in root.urls for url in self.urls)


class _Localizer:
    """Creates one copy."""

    def __init__(self, request: LocalizeRequest) -> None:
        self.output = OutputBuilder()
        self._request = request
        self._visited: dict[tuple[str, str], _VisitedRoots] = {}
        self._open_roots: list[_VisitedRoots] = []

    def copy_root(self, root: _RootContext) -> None:
        """Copy one root and everything that it names.

        Only two calls are between this method and its recursive call, because roots may be nested 200 deep.
        """
        self.output.make_directory(root.copy_directory)
        file, loaded_fields = read_fields(root.ctx, root.ctx.directory)
        fields = loaded_fields or {}
        visited = _VisitedRoots({root.ctx.directory}, set())
        self._open_roots.append(visited)
        for name in ("bases", "components", "resources"):
            localize_entry = self._localize_resource if name == "resources" else self._localize_root
            entries: list[str] = []
            for path in fields.get(name, ()):
                try:
                    entries.append(localize_entry(root, path))
                except KmanifestError as error:
                    raise within_field(error, name, len(entries)).within(file=file) from error
            fields[name] = entries
        try:
            content = dump_kustomization(
                self._localize_fields(root, fields), root.ctx.options.limits
            )
        except KmanifestError as error:
            raise error.within(file=file) from error
        self._put_file(root, file.rpartition("/")[2], content)
        self._open_roots.pop()
        self._close_root(root, visited)

    def _localize_fields(self, root: _RootContext, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Copy all files that the fields name, and return the fields with the new paths."""
        changes = self._path_changes(root)
        result = dict(fields)
        for name in FIELDS:
            try:
                if name in result:
                    result[name] = change_field(name, _with_chart_home(name, result[name]), changes)
                elif name == "helmGlobals" and result.get("helmCharts"):
                    self._localize_chart_home(root, "")
            except KmanifestError as error:
                raise within_field(error, name) from error
        return result

    def _path_changes(self, root: _RootContext) -> PathChanges:
        return PathChanges(
            file=lambda path: self._localize_file(root, path),
            source=lambda source: self._localize_source(root, source),
            patch=lambda entry: self._localize_patch(root, entry),
            plugin=lambda entry: self._localize_plugin(root, entry),
            chart_home=lambda home: self._localize_chart_home(root, home),
        )

    def _close_root(self, root: _RootContext, visited: _VisitedRoots) -> None:
        self._visited[root.ctx.directory, root.copy_directory] = visited
        if self._open_roots:
            self._open_roots[-1].directories.update(visited.directories)
            self._open_roots[-1].urls.update(visited.urls)

    def _localize_resource(self, root: _RootContext, path: str) -> str:
        """Copy a file of resources, or else a root. Returns its new path.

        The URL of a repository may return a web page, which is not a file of resources. Then the root is copied.
        """
        try:
            content = self._read(root, path)
            _parse_objects(root.ctx, content, path)
            return self._write_localized_file(root, path, content)
        except KmanifestError as error:
            file_error = error
        try:
            return self._localize_root(root, path)
        except KmanifestError as error:
            raise _choose_error(root.ctx, path, file_error, error).copy() from error

    def _localize_root(self, root: _RootContext, path: str) -> str:
        """Copy the root that an entry names. Returns its path relative to the root that names it."""
        if not path:
            return ""
        base, relative_path = self._enter_root(root, path)
        child = root.child(path, base, relative_path)
        visited = self._visited.get((base.directory, child.copy_directory))
        if visited is None or not visited.is_acyclic_from(root):
            self.copy_root(child)
        else:
            self._close_root(child, visited)
        if base.is_remote:
            self._open_roots[-1].urls.add(path)
        return relative_path

    def _enter_root(self, root: _RootContext, path: str) -> tuple[Root, str]:
        """Return the root that an entry names, and the path of its copy relative to the root that names it."""
        repository = find_repository(path)
        if repository is None and find_fetcher(root.ctx, path):
            raise SourceError(f"{mask_url(path)!r} is fetched by a plug-in, and can't be localized")
        if repository is not None and not repository.ref:
            shown = mask_url(path)
            raise SourceError(f"localize remote root {shown!r} missing ref query string parameter")
        if repository is None:
            self._check_not_in_destination(root, path, "root")
        base = enter_root(root.ctx, path, root.ancestors, root.urls)
        if repository is None:
            if root.is_local and not trees.is_below(base.directory, self._request.scope):
                message = f"root {path!r} is outside of the localize scope"
                raise SourceError(message)
            return base, destinations.relative(base.directory, root.ctx.directory)
        self._check_no_localized_files(root, path)
        repository_root = root.ctx.require_remote(repository.name).repository(repository)
        directory = destinations.relative(base.directory, repository_root)
        return base, destinations.root_destination(repository, directory)

    def _localize_file(self, root: _RootContext, path: str) -> str:
        """Copy a file. Returns its path relative to the root. An empty path is kept: a build reports it."""
        return self._write_localized_file(root, path, self._read(root, path)) if path else ""

    def _read(self, root: _RootContext, path: str) -> bytes:
        if not is_file_url(path):
            self._check_not_in_destination(root, path, "file")
        return root.ctx.read_resolved(root.ctx.find(path))

    def _write_localized_file(self, root: _RootContext, path: str, content: bytes) -> str:
        """Write a file to the destination of its URL, or to its path without links. Returns that path."""
        if is_file_url(path):
            self._check_no_localized_files(root, path)
            relative_path = destinations.file_destination(path)
            previous = self.output.content(trees.join(root.copy_directory, relative_path))
            if previous is not None and previous != content:
                root.ctx.warn(
                    f"{relative_path} is the copy of two URLs with different content, the second is {mask_url(path)}",
                    code=LOCALIZED,
                )
        else:
            relative_path = destinations.relative(root.ctx.locate(path), root.ctx.directory)
        self._put_file(root, relative_path, content, is_remote=is_file_url(path))
        return relative_path

    def _put_file(
        self,
        root: _RootContext,
        relative_path: str,
        content: bytes,
        *,
        executable: bool = False,
        is_remote: bool = False,
    ) -> None:
        """Write a file of a root.

        Raises SourceError if a remote file would make the copy a git repository. Only a forged repository contains
        such a name, and git runs commands that a repository's configuration names.
        """
        path = trees.join(root.copy_directory, relative_path)
        is_remote = is_remote or not root.is_local
        if is_remote and any(
            step.rstrip(". ").lower() in _GIT_DIRECTORY_NAMES for step in path.split("/")
        ):
            raise SourceError(f"security; a remote file must not be written to {path!r}")
        self.output.put(path, content, executable=executable)

    def _localize_patch(self, root: _RootContext, entry: str) -> str:
        """Copy the file that an entry names, and return its path. An inline patch is returned unchanged."""
        _, is_path = self._load_objects(root, entry)
        return self._localize_file(root, entry) if is_path else entry

    def _localize_plugin(self, root: _RootContext, entry: str) -> str:
        """Copy the plug-in configs in an entry, inline or in a file, and all that they name. Returns the new entry."""
        objects, is_path = self._load_objects(root, entry)
        changes = self._path_changes(root)
        for config in objects:
            self._copy_executable(root, self._request.executable_path(config))
            if (config.api_version, config.kind) == _RESOURCES_GENERATOR:
                self._copy_pattern_files(root, config)
            if (config.api_version, config.kind) == _JINJA_GENERATOR:
                self._copy_template_files(root, config)
            if (config.api_version, config.kind) == _CHART_GENERATOR:
                self._copy_chart(root, config)
        changed = objects.map(lambda config: change_config(config, changes))
        text = Rendered(changed, limits=root.ctx.options.limits).text()
        return self._write_localized_file(root, entry, text.encode()) if is_path else text

    def _localize_source(self, root: _RootContext, source: str) -> str:
        """Copy the file of `path` or `key=path`, and return the new entry.

        The name of a link becomes an explicit key, because the copy has the name of the linked file. kustomize loses
        that key.
        """
        key, path = split_source(source)
        localized_path = self._localize_file(root, path)
        keeps_key = path != source or base_name(localized_path) != key
        return f"{key}={localized_path}" if keeps_key else localized_path

    def _load_objects(self, root: _RootContext, entry: str) -> tuple[ResourceMap, bool]:
        """Return the objects in an entry, inline or in a file, and whether the entry is the path of a file."""
        try:
            return _parse_objects(root.ctx, entry.encode(), ""), False
        except KmanifestError as error:
            inline_error = error
        try:
            return _parse_objects(root.ctx, self._read(root, entry), entry), True
        except KmanifestError as error:
            raise (inline_error if "\n" in entry else error).copy() from error

    def _copy_executable(self, root: _RootContext, path: str) -> None:
        """Copy the executable of a function to the path that the function's config names.

        An executable outside of the root is reported and not copied. One on PATH has a name without a slash; it is
        found where the copy is built, too. kustomize copies no executables.
        """
        if "/" not in path:
            return
        ctx = root.ctx
        try:
            path_in_tree = trees.join(ctx.directory, path)
            real_path = ctx.tree.resolve(path_in_tree)
            is_inside = trees.is_below(path_in_tree, ctx.directory) and trees.is_below(
                real_path, ctx.directory
            )
            if path.startswith("/") or not is_inside:
                raise SourceError("it is not in or below the directory of the kustomization")
            content = ctx.tree.read(real_path, limit=_MAX_EXECUTABLE_SIZE)
        except KmanifestError as error:
            ctx.warn(f"the function {path} is not copied: {error.message}", code=LOCALIZED)
            return
        executable = trees.is_executable(ctx.tree, real_path)
        if executable and not root.is_local:
            message = f"the function {path} comes from {real_path}: read it before you let it run"
            ctx.warn(message, code=LOCALIZED)
        relative_path = destinations.relative(path_in_tree, ctx.directory)
        self._put_file(root, relative_path, content, executable=executable)

    def _copy_pattern_files(self, root: _RootContext, config: Resource) -> None:
        """Copy the files that match the patterns of a ResourcesGenerator, which kustomize does not have."""
        for file in files_of(root.ctx, config):
            relative_path = destinations.relative(file, root.ctx.directory)
            self._put_file(root, relative_path, root.ctx.read_resolved(file))

    def _copy_template_files(self, root: _RootContext, config: Resource) -> None:
        """Copy what a JinjaGenerator names, and all templates of the kustomization: any of them may be included."""
        named = [*_strings(config, "templates"), *_strings(config, "valuesFiles")]
        files = dict.fromkeys([*map(root.ctx.locate, named), *_template_files(root.ctx)])
        self._copy_located_files(root, files)

    def _copy_located_files(self, root: _RootContext, files: Iterable[str]) -> None:
        for file in files:
            relative_path = destinations.relative(file, root.ctx.directory)
            self._put_file(root, relative_path, root.ctx.read_resolved(file))

    def _copy_chart(self, root: _RootContext, config: Resource) -> None:
        """Copy the chart and the values files of a ChartGenerator. An empty path is kept: a build reports it."""
        self._copy_located_files(root, map(root.ctx.locate, _strings(config, "valuesFiles")))
        path = config.body.get("chart")
        if not isinstance(path, str) or not path or path.startswith("/"):
            return
        self._check_not_in_destination(root, path, "chart")
        chart = root.ctx.resolve(path)
        path_in_tree = trees.join(root.ctx.directory, path)
        scope = self._request.scope
        if root.is_local and not all(trees.is_below(each, scope) for each in (chart, path_in_tree)):
            raise SourceError(f"chart {path!r} is outside of the localize scope")
        relative_path = destinations.relative(path_in_tree, root.ctx.directory)
        self._copy_directory(root, chart, relative_path)

    def _localize_chart_home(self, root: _RootContext, home: str) -> str:
        """Copy a directory of charts. Returns its path relative to the root. An empty path means the default.

        A missing directory is no error: a build may put charts into it. The default one keeps its name, even if it is
        a link.
        """
        path = home or CHARTS
        if path.startswith("/"):
            raise SourceError(f"absolute path {path!r} of charts is not handled")
        path_in_tree = trees.join(root.ctx.directory, path)
        relative_path = destinations.relative(path_in_tree, root.ctx.directory)
        self._check_not_in_destination(root, path, "root")
        if not _exists(root.ctx, path_in_tree):
            return home and relative_path
        base = enter_root(root.ctx, relative_path, root.ancestors, root.urls)
        if root.is_local and not trees.is_below(base.directory, self._request.scope):
            raise SourceError(f"chart home {path!r} is outside of the localize scope")
        if relative_path != CHARTS:
            relative_path = destinations.relative(base.directory, root.ctx.directory)
        copy_directory = trees.join(root.copy_directory, relative_path)
        if not self.output.has(copy_directory):
            self._copy_directory(root, base.directory, relative_path)
        return home and relative_path

    def _copy_directory(self, root: _RootContext, directory: str, relative_directory: str) -> None:
        """Copy a directory, except the links in it and the copy itself; or a file."""
        tree = root.ctx.tree
        pending = [(directory, relative_directory)]
        while pending:
            source, relative_path = pending.pop()
            if tree.kind(source) == "file":
                self._put_file(root, relative_path, root.ctx.read_resolved(source))
            elif tree.kind(source) == "dir" and source != self._request.destination:
                self.output.make_directory(trees.join(root.copy_directory, relative_path))
                # Only a git commit can contain other names.
                names = (name for name in tree.list(source) if "/" not in name)
                pending += [
                    (f"{source}/{name}", f"{relative_path}/{name}")
                    for name in names
                    if name not in (".", "..")
                ]

    def _check_not_in_destination(self, root: _RootContext, path: str, kind: str) -> None:
        destination = self._request.destination
        if root.is_local and destination:
            path_in_tree = trees.join(root.ctx.directory, path)
            if trees.is_below(path_in_tree, destination):
                raise SourceError(f"{kind} {path!r} enters the localize destination")

    def _check_no_localized_files(self, root: _RootContext, path: str) -> None:
        if root.exists(destinations.DIRECTORY):
            directory = root.ctx.directory or "."
            message = f"{directory} already contains {destinations.DIRECTORY} needed to store {mask_url(path)!r}"
            raise SourceError(message)


def _strings(config: Resource, field: str) -> list[str]:
    """Return the strings in a list of a config. A build reports what else it contains."""
    return [path for path in config.body.get(field) or () if isinstance(path, str)]


def _template_files(ctx: Context) -> Iterator[str]:
    """Yield the templates in and below the directory of a kustomization. Links are not followed."""
    pending = [ctx.directory]
    while pending:
        directory = pending.pop()
        for name in ctx.tree.list(directory):
            path = trees.join(directory, name)
            kind = ctx.tree.kind(path)
            if kind == "dir" and name not in _GIT_DIRECTORY_NAMES:
                pending.append(path)
            elif kind == "file" and name.endswith(_TEMPLATE_SUFFIX):
                yield path


def _parse_objects(ctx: Context, content: bytes, path: str) -> ResourceMap:
    """Return the objects in a text.

    Raises SourceError if the text contains anything else, and RenderError if two objects have the same id.
    """
    return ResourceMap().append(parsing.parse(ctx, content, ctx.locate(path) if path else ""))


def _exists(ctx: Context, path: str) -> bool:
    try:
        ctx.tree.resolve(path)
    except MissingError:
        return False
    return True


def _with_chart_home(name: str, value: Any) -> Any:
    """Return the value of a field, with an empty `chartHome` if it has none: it means the default."""
    if name == "helmGlobals":
        return {"chartHome": "", **value}
    if name == "helmChartInflationGenerator":
        return [{"chartHome": "", **args} for args in value]
    return value


def _choose_error(
    ctx: Context, path: str, file_error: KmanifestError, root_error: KmanifestError
) -> KmanifestError:
    """Return the error to report for an entry that is neither a file of resources nor a root."""
    if find_repository(path) is not None:
        if root_error.location.file:
            return root_error
        message = f"could not localize {mask_url(path)!r} as file: {file_error}; as directory: {root_error}"
        return type(root_error)(message)
    try:
        kind = ctx.tree.kind(ctx.tree.resolve(trees.join(ctx.directory, path)))
    except KmanifestError:
        return file_error
    return root_error if kind == "dir" else file_error
