"""`kmanifest localize`: copy a kustomization and everything it refers to, so that the copy builds without a network.

The copy is built and verified in memory, then written next to its destination and renamed. kustomize writes first and
keeps a copy that it could not verify.
Source of names, messages and order: kustomize v5.8.2 kustomize/commands/localize/localize.go;
api/internal/localizer/util.go, establishScope and createNewDir.
"""

import os

from kmanifest.cli import EXIT_OK, report
from kmanifest.cli.flags import ANY_VALUE, CommandLine, Flag, UsageError, with_variables
from kmanifest.cli.output import check_new_directory, write_new_directory
from kmanifest.cli.shared import BOUNDARY_FLAGS, FETCH_FLAGS, remote_options, root_option
from kmanifest.cli.verbs import DIRECTORY, Command
from kmanifest.io import tree as trees
from kmanifest.model.errors import (
    KmanifestError,
    LimitError,
    MissingError,
    RenderError,
    SourceError,
)
from kmanifest.startup.typing import TYPE_CHECKING, Callable, Iterable, NamedTuple

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.localize.output import LocalizedFiles
    from kmanifest.io.local_tree import Boundary
    from kmanifest.io.remote import Remote
    from kmanifest.io.remote.urls import Repository
    from kmanifest.io.tree import Tree
    from kmanifest.model.findings import Finding
    from kmanifest.pipeline.context import Context
    from kmanifest.pipeline.options import Options
    from kmanifest.pipeline.registry import Registry

LOCALIZE_FLAGS = with_variables(
    "LOCALIZE_",
    Flag("no-verify", "switch", "do not compare the builds of the target and the copy"),
    Flag(
        "scope",
        "string",
        "directory that contains everything a local target refers to (default: the target)",
        path="directory",
        user_only=ANY_VALUE,
    ),
)
_MAX_ARGUMENTS = 2
INTRODUCTION = """\
Copy TARGET and everything it refers to into DESTINATION. TARGET is a directory with a kustomization.yaml, or the
versioned URL of one. Remote files and bases are downloaded into the copy, so that it builds without a network.

TARGET defaults to the current directory. DESTINATION is a new directory in an existing one; it defaults to
localized-TARGET[-REF] in the current directory.
"""
_NOT_KEPT_NOTE = """\
note: the copy is not kept. If the target needs flags to build, use --no-verify and compare the builds yourself.
"""


class _Target(NamedTuple):
    """The directory to copy: its name as given and as printed, and its directory and scope in the tree of `ctx`."""

    name: str
    display_name: str
    ctx: "Context"
    directory: str
    scope: str
    repository: "Repository | None"


def localize(command_line: CommandLine) -> int:
    """Write the copy and return the exit code."""
    values = command_line.values
    if len(command_line.arguments) > _MAX_ARGUMENTS:
        raise UsageError(
            f"accepts at most {_MAX_ARGUMENTS} arguments, got {len(command_line.arguments)}"
        )
    remotes = remote_options(values, command_line.arguments[:1])
    name, destination, *_ = (*command_line.arguments, "", "")

    from kmanifest import api  # imported here so that usage errors stay fast
    from kmanifest.io.local_tree import find_boundary
    from kmanifest.pipeline.options import Options

    boundary = find_boundary(os.path.realpath(values["scope"] or name or "."), root_option(values))
    # The copy is verified by a build of the target with the same boundary.
    root = f"/{boundary.directory}" if boundary.bounds_paths else None
    options = Options(allow_remote=True, remote=remotes, root=root)
    network = api.network_of(options)
    findings: list[Finding] = []
    try:
        target = _find_target(
            _make_context(options, boundary, network, findings.append), name or ".", values["scope"]
        )
        destination = os.path.abspath(destination or _default_name(target))
        copy = _make_copy(target, destination)
        if not values["no-verify"]:
            findings += _verify_copy(target, copy, destination)
    finally:
        if network is not None:
            network.close()
    report.print_findings(findings)
    write_new_directory(destination, copy.files, copy.directories)
    if not values["no-verify"]:
        outcome = "are the same after localization."
        report.print_note(f"VERIFICATION SUCCESS: {_build_names(target, destination)} {outcome}\n")
    report.print_note(f'SUCCESS: localized "{target.display_name}" to directory {destination}\n')
    return EXIT_OK


def _make_context(
    options: "Options",
    boundary: "Boundary",
    remote: "Remote | None",
    on_finding: "Callable[[Finding], None]",
) -> "Context":
    """A context with the local files in the boundary, and with `remote` for what is fetched."""
    import time

    from kmanifest.engines.builtin import installed_registry
    from kmanifest.io.local_tree import LocalTree
    from kmanifest.pipeline.context import Context, Meter

    return Context(
        tree=LocalTree(boundary),
        registry=installed_registry(),
        options=options,
        on_finding=on_finding,
        clock=time.monotonic,
        meter=Meter(options.limits, time.monotonic, max_fetched=options.remote.max_total),
        remote=remote,
    )


def _find_target(ctx: "Context", name: str, scope: str) -> _Target:
    """Find the target with this name. Raises an error if it does not exist or is not within the scope."""
    from kmanifest.pipeline.remote_bases import enter_repository, find_repository

    repository = find_repository(name)
    if repository is None:
        directory = _resolve_directory(ctx, name)
        scope_directory = _resolve_directory(ctx, scope) if scope else directory
        if not trees.is_below(directory, scope_directory):
            raise SourceError(f"localize scope {scope!r} does not contain target {name!r}")
        return _Target(name, name, ctx, directory, scope_directory, None)
    from kmanifest.model.url_masking import mask_url

    display_name = mask_url(name)
    if not repository.ref:
        raise SourceError(
            f"localize remote root {display_name!r} missing ref query string parameter"
        )
    if scope:
        raise SourceError(f"scope {scope!r} specified for remote localize target {display_name!r}")
    ctx, directory = enter_repository(ctx, repository)
    repository_root = ctx.require_remote(repository.name).repository(repository)
    return _Target(name, display_name, ctx, directory, repository_root, repository)


def _resolve_directory(ctx: "Context", path: str) -> str:
    """The path of a local directory in the tree."""
    if "://" in path and not os.path.exists(path):
        from kmanifest.model.url_masking import mask_url

        raise MissingError(f"no such file or directory: {mask_url(path)!r}")
    try:
        resolved = ctx.tree.resolve(trees.join("", os.path.abspath(path)))
        if ctx.tree.kind(resolved) != "dir":
            raise SourceError("is not a directory")
    except KmanifestError as error:
        raise error.within(file=path) from error
    return resolved


def _default_name(target: _Target) -> str:
    from kmanifest.engines.kustomize.localize.destinations import default_name, relative

    if target.repository is None:
        return default_name(target.directory, None)
    return default_name(trees.join("", relative(target.directory, target.scope)), target.repository)


def _make_copy(target: _Target, destination: str) -> "LocalizedFiles":
    """Copy the target in memory. Errors have the location in the target."""
    from kmanifest import api
    from kmanifest.engines.krm.function import executable_path
    from kmanifest.engines.kustomize.localize import LocalizeRequest, localize

    check_new_directory(destination)
    parent, name = os.path.split(destination)
    request = LocalizeRequest(
        target.directory,
        target.scope,
        url=target.name if target.repository else "",
        destination=trees.join("", os.path.join(os.path.realpath(parent), name)),
        executable_path=executable_path,
    )
    try:
        return localize(target.ctx, request)
    except KmanifestError as error:
        located = api.with_position(error, target.ctx)
        raise located.at(api.on_disk(located.location)) from error
    except RecursionError:
        raise LimitError("the kustomizations are nested too deeply (max_depth)") from None


def _verify_copy(target: _Target, copy: "LocalizedFiles", destination: str) -> "Iterable[Finding]":
    """Compare the build of the target with the build of the copy, and return the warnings of the former.

    Raises RenderError if they differ. The copy is built without a network.
    """
    from kmanifest import api
    from kmanifest.io.tree import MemoryTree

    registry, remote, options = target.ctx.registry, target.ctx.remote, target.ctx.options
    tree = MemoryTree({path: file.content for path, file in copy.files.items()})
    try:
        built = api.build(target.name, options=options, registry=registry, remote=remote)
        target_text = built.text()
        copy_text = _build_copy(copy.target, tree, registry)
    except KmanifestError:
        report.print_message(_NOT_KEPT_NOTE)
        raise
    if copy_text != target_text:
        report.print_message(_difference_note(target_text, copy_text) + _NOT_KEPT_NOTE)
        failure = f"VERIFICATION FAILED: {_build_names(target, destination)}"
        raise RenderError(f"{failure} are different after localization.")
    return built.warnings


def _build_copy(directory: str, tree: "Tree", registry: "Registry") -> str:
    """Build the copy without a network and return the output."""
    from kmanifest import api

    try:
        return api.build(directory, tree=tree, registry=registry).text()
    except KmanifestError as error:
        raise RenderError(f"the copy can't be built: {error}") from error


def _build_names(target: _Target, destination: str) -> str:
    return f"`kustomize build` for {target.display_name} and {destination}"


def _difference_note(old: str, new: str) -> str:
    """A note with the number of lines that differ between two builds. The lines may contain secrets."""
    import difflib

    lines = list(difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=0))[2:]
    removed, added = (sum(line.startswith(sign) for line in lines) for sign in "-+")
    return f"note: {removed} lines are only in the target's build, {added} only in the copy's\n"


COMMAND = Command(
    ("localize",),
    "[TARGET [DESTINATION]]",
    INTRODUCTION,
    (("Kustomize flags", (*LOCALIZE_FLAGS, *BOUNDARY_FLAGS)), ("Remote flags", FETCH_FLAGS)),
    localize,
    examples=(
        "kmanifest localize overlays/prod --scope .",
        "kmanifest localize 'https://github.com/acme/shop//overlays/prod?ref=v1' vendored",
    ),
    completions=(DIRECTORY,),
)
