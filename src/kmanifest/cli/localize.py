"""`kmanifest localize`: a copy of a kustomization, and of all that it names, that builds without a network.

Source of names, texts and order: kustomize v5.8.2 kustomize/commands/localize/localize.go; api/internal/localizer/util.go,
establishScope and createNewDir. The copy is built in memory first, and written beside its place; the reference writes
first, and keeps what it could not verify.
"""

import os
from collections.abc import Callable, Iterable, Sequence

from kmanifest.cli import DONE, report
from kmanifest.cli.flags import HELP, STACK_TRACE, Flag, UsageError, describe, parse
from kmanifest.cli.output import check_new, print_text, write_new_directory
from kmanifest.cli.shared import FETCH_FLAGS, remotes_of
from kmanifest.io import tree as trees
from kmanifest.model.errors import KmanifestError, LimitError, RenderError, SourceError
from kmanifest.startup.typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kmanifest.engines.kustomize.localize import LocalizedFiles
    from kmanifest.io.remote import Remote
    from kmanifest.io.remote.urls import Repository
    from kmanifest.io.tree import Tree
    from kmanifest.model.findings import Finding
    from kmanifest.pipeline.context import Context
    from kmanifest.pipeline.options import Options
    from kmanifest.pipeline.registry import Registry

FLAGS = tuple(
    sorted(
        (
            *FETCH_FLAGS,
            HELP,
            Flag("no-verify", "switch", "do not build the target and the copy to compare them"),
            Flag(
                "scope",
                "text",
                "the directory that holds all that a local target may name; the target where it is not given",
            ),
            STACK_TRACE,
        )
    )
)
_MOST_WORDS = 2
INTRODUCTION = """\
Copies TARGET, a directory with a kustomization.yaml or the versioned URL of one, and all that it names, to DESTINATION.
What is remote is downloaded into the copy, so that the copy builds without a network.

TARGET is the current directory where it is not given. DESTINATION is a new directory in one that exists; where it is not
given, it is localized-TARGET[-REF] in the current directory.

Usage:
  kmanifest localize [TARGET [DESTINATION]] [flags]

Examples:
  kmanifest localize overlays/prod --scope .
  kmanifest localize 'https://github.com/acme/shop//overlays/prod?ref=v1' vendored

Flags:
"""
_ADVICE = """\
note: the copy is not kept. If the target needs flags to build, localize it with --no-verify and compare the builds yourself.
"""


class _Target(NamedTuple):
    """What is to be copied: how it was named and is shown, and the directory and scope in the tree of its context."""

    name: str
    shown: str
    ctx: "Context"
    directory: str
    scope: str
    repository: "Repository | None"


def localize(arguments: Sequence[str]) -> int:
    """Write the copy; gives the exit code."""
    parsed = parse(FLAGS, arguments)
    values = parsed.values
    if values["help"]:
        return print_text(INTRODUCTION + describe(FLAGS))
    if len(parsed.words) > _MOST_WORDS:
        raise UsageError(f"accepts at most {_MOST_WORDS} arguments, got {len(parsed.words)}")
    remotes = remotes_of(values)
    name, destination, *_ = (*parsed.words, "", "")

    from kmanifest import api  # a wrong command line needs no engine
    from kmanifest.pipeline.options import Options

    options = Options(allow_remote=True, remote=remotes)
    network = api.network_of(options)
    findings: list[Finding] = []
    try:
        target = _find(_context(options, network, findings.append), name or ".", values["scope"])
        destination = os.path.abspath(destination or _default_name(target))
        copy = _copied(target, destination)
        if not values["no-verify"]:
            findings += _verified(target, copy, destination)
    finally:
        if network is not None:
            network.close()
    report.findings(findings)
    write_new_directory(destination, copy.files, copy.directories)
    if not values["no-verify"]:
        same = "are the same after localization."
        report.tell(f"VERIFICATION SUCCESS: {_builds(target, destination)} {same}\n")
    report.tell(f'SUCCESS: localized "{target.shown}" to directory {destination}\n')
    return DONE


def _context(
    options: "Options", remote: "Remote | None", on_finding: "Callable[[Finding], None]"
) -> "Context":
    """What the copy is made with: this machine's files, and what is fetched for this run."""
    import time

    from kmanifest.engines.builtin import installed_registry
    from kmanifest.io.tree import SnapshotDiskTree
    from kmanifest.pipeline.context import Context, Meter

    return Context(
        tree=SnapshotDiskTree("/"),
        registry=installed_registry(),
        options=options,
        on_finding=on_finding,
        clock=time.monotonic,
        meter=Meter(options.limits, time.monotonic),
        remote=remote,
    )


def _find(ctx: "Context", name: str, scope: str) -> _Target:
    """The target of that name; an error where it is not there, or the scope does not go with it."""
    from kmanifest.pipeline.remote_bases import enter_repository, find_repository

    repository = find_repository(name)
    if repository is None:
        directory = _resolved(ctx, name)
        limit = _resolved(ctx, scope) if scope else directory
        if not trees.is_below(directory, limit):
            raise SourceError(f"localize scope {scope!r} does not contain target {name!r}")
        return _Target(name, name, ctx, directory, limit, None)
    from kmanifest.io.remote.urls import without_password

    shown = without_password(name)
    if not repository.ref:
        raise SourceError(f"localize remote root {shown!r} missing ref query string parameter")
    if scope:
        raise SourceError(f"scope {scope!r} specified for remote localize target {shown!r}")
    ctx, directory = enter_repository(ctx, repository)
    top = ctx.require_remote(repository.name).repository(repository)
    return _Target(name, shown, ctx, directory, top, repository)


def _resolved(ctx: "Context", path: str) -> str:
    """A directory of this machine in the tree."""
    try:
        real = ctx.tree.resolve(trees.join("", os.path.abspath(path)))
        if ctx.tree.kind(real) != "dir":
            raise SourceError("is not a directory")
    except KmanifestError as error:
        raise error.within(file=path) from error
    return real


def _default_name(target: _Target) -> str:
    from kmanifest.engines.kustomize.localize.destinations import default_name, relative

    if target.repository is None:
        return default_name(target.directory, None)
    return default_name(trees.join("", relative(target.directory, target.scope)), target.repository)


def _copied(target: _Target, destination: str) -> "LocalizedFiles":
    """The copy, all in memory; an error tells where the target is wrong."""
    from kmanifest import api
    from kmanifest.engines.krm.function import executable_path
    from kmanifest.engines.kustomize.localize import LocalizeRequest, localize

    check_new(destination)
    above, name = os.path.split(destination)
    request = LocalizeRequest(
        target.directory,
        target.scope,
        url=target.name if target.repository else "",
        destination=trees.join("", os.path.join(os.path.realpath(above), name)),
        executable_path=executable_path,
    )
    try:
        return localize(target.ctx, request)
    except KmanifestError as error:
        found = api.with_position(error, target.ctx)
        raise found.at(api.on_disk(found.location)) from error
    except RecursionError:
        raise LimitError("the kustomizations are nested too deeply (max_depth)") from None


def _verified(target: _Target, copy: "LocalizedFiles", destination: str) -> "Iterable[Finding]":
    """The warnings of the target's build, which the build of the copy, without a network, agrees with; an error if not."""
    from kmanifest import api
    from kmanifest.io.tree import MemoryTree

    registry, remote, options = target.ctx.registry, target.ctx.remote, target.ctx.options
    tree = MemoryTree({path: file.content for path, file in copy.files.items()})
    try:
        wanted = api.build(target.name, options=options, registry=registry, remote=remote)
        text = wanted.text()
        made = _built(copy.target, tree, registry)
    except KmanifestError:
        report.tell(_ADVICE)
        raise
    if made != text:
        report.tell(_difference(text, made) + _ADVICE)
        what = f"VERIFICATION FAILED: {_builds(target, destination)}"
        raise RenderError(f"{what} are different after localization.")
    return wanted.warnings


def _built(directory: str, tree: "Tree", registry: "Registry") -> str:
    """What the copy builds, without a network."""
    from kmanifest import api

    try:
        return api.build(directory, tree=tree, registry=registry).text()
    except KmanifestError as error:
        raise RenderError(f"the copy can't be built: {error}") from error


def _builds(target: _Target, destination: str) -> str:
    return f"`kustomize build` for {target.shown} and {destination}"


def _difference(old: str, new: str) -> str:
    """How many lines differ between two builds; not the lines, which may hold secrets."""
    import difflib

    lines = list(difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=0))[2:]
    gone, come = (sum(line.startswith(sign) for line in lines) for sign in "-+")
    return (
        f"note: {gone} lines of the target's build are not in the copy's, which has {come} others\n"
    )
