"""`kmanifest helm dependency`: lists, builds and updates the charts that a chart needs.

Source: helm v3.22.0 cmd/helm/dependency.go, dependency_build.go, dependency_update.go.
"""

import os
from collections.abc import Sequence

from kmanifest.cli import DONE
from kmanifest.cli.flags import Flag, Parsed, UsageError, describe
from kmanifest.cli.helm.flags import COMMON, SERVERS, read_flags
from kmanifest.cli.output import print_text
from kmanifest.cli.shared import FETCH_FLAGS
from kmanifest.cli.verbs import Verb, describe_verbs, take_verb
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.startup.typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kmanifest.engines.helm.charts.chart import Chart
    from kmanifest.engines.helm.sources.find import Finder, Place
    from kmanifest.engines.helm.sources.index import Index
    from kmanifest.engines.helm.sources.manage import Check, Manager, Out

Signatures = Literal["never", "if there", "always"]

LIST_FLAGS = (
    Flag("max-col-width", "text", "how wide a column may be", default="80"),
    *COMMON,
)
FLAGS = (
    Flag(
        "allow-local", "list", "a directory that file:// dependencies may be in, beside the project"
    ),
    Flag("keyring", "text", "the public keys that signatures are checked with"),
    Flag("skip-refresh", "switch", "take the indexes that helm has kept"),
    Flag(
        "verify",
        "switch",
        "check signatures: update wants one of each chart, build checks those that are there",
    ),
    *COMMON,
    *FETCH_FLAGS,
    *SERVERS,
)
INTRODUCTION = """\
Works on the charts that a chart needs, which its Chart.yaml names.

Usage:
  kmanifest helm dependency build|list|update [CHART] [flags]

Verbs:
"""


def _list(arguments: Sequence[str]) -> int:
    parsed = read_flags(LIST_FLAGS, arguments)
    if parsed.values["help"]:
        return _help()
    path = _chart_path(parsed, "list")
    from kmanifest.cli.helm.inputs import LIMITS, find_chart, open_chart
    from kmanifest.engines.helm.sources.listing import Listing
    from kmanifest.io.tree import DiskTree
    from kmanifest.model.errors import MissingError

    width = parsed.values["max-col-width"]
    if not width.isdecimal():
        raise UsageError(f'invalid argument "{width}" for "--max-col-width" flag')
    found = find_chart(path)
    if found is None:
        raise MissingError(f"stat {path}: no such file or directory")
    chart = open_chart(found, follows_links=False, dialect=HELM3)
    tree = DiskTree(found) if os.path.isdir(found) else None
    return print_text(Listing(chart, tree, path, LIMITS).text(int(width)))


def _build(arguments: Sequence[str]) -> int:
    parsed = read_flags(FLAGS, arguments)
    if parsed.values["help"]:
        return _help()
    signatures: Signatures = "if there" if parsed.values["verify"] else "never"
    return fill(parsed, _chart_path(parsed, "build"), builds=True, signatures=signatures)


def _update(arguments: Sequence[str]) -> int:
    parsed = read_flags(FLAGS, arguments)
    if parsed.values["help"]:
        return _help()
    signatures: Signatures = "always" if parsed.values["verify"] else "never"
    return fill(parsed, _chart_path(parsed, "update"), builds=False, signatures=signatures)


VERBS = (
    Verb(
        "build",
        "fetch into charts/ what Chart.lock says, or do as update where there is no Chart.lock",
        _build,
    ),
    Verb("list", "tell what is there and what is missing", _list, ("ls",)),
    Verb(
        "update",
        "look for versions, fetch them into charts/, and write Chart.lock",
        _update,
        ("up",),
    ),
)


def dependency(arguments: Sequence[str]) -> int:
    """Do what a verb below this one says; gives the exit code."""
    verb, rest = take_verb(VERBS, arguments)
    if verb is not None:
        return verb.run(rest)
    words = [word for word in arguments if not word.startswith("-")]
    if words:
        raise UsageError(f'unknown command "{words[0]}" for "helm dependency"')
    return _help()


def _help() -> int:
    flags = f"Flags of build and update:\n{describe(sorted(FLAGS))}"
    return print_text(f"{INTRODUCTION}{describe_verbs(VERBS)}\n{flags}")


def _chart_path(parsed: Parsed, verb: str) -> str:
    if len(parsed.words) > 1:
        raise UsageError(
            f'"helm dependency {verb}" accepts at most 1 argument\n\nUsage:  helm dependency {verb} CHART [flags]'
        )
    return os.path.normpath(parsed.words[0]) if parsed.words else "."


def fill(
    parsed: Parsed,
    path: str,
    *,
    builds: bool,
    quiet: bool = False,
    signatures: Signatures = "never",
) -> int:
    """Fill `charts/` of the chart in a directory, and write its lock where it changes; gives the exit code.

    `signatures` says which fetched charts are checked: none, as under `--dependency-update` of other verbs.
    """
    from kmanifest.cli.helm.inputs import open_chart
    from kmanifest.cli.helm.writing import check_place, write_charts, write_lock
    from kmanifest.engines.helm.sources.lock import dump_lock, lock_name
    from kmanifest.model.errors import MissingError, SourceError

    if not os.path.exists(path):
        raise MissingError(f"could not find {path}: stat {path}: no such file or directory")
    if not os.path.isdir(path):
        raise SourceError("only unpacked charts can be updated")
    check_place(path)
    chart = open_chart(path, follows_links=False, dialect=HELM3)

    def out(line: str) -> None:
        if not quiet:
            print_text(f"{line}\n")

    manager = _manager(parsed, path, chart, out, signatures)
    result = manager.build() if builds else manager.update()
    if result is None:
        return DONE
    write_charts(path, result.packages, result.own, out)
    if result.lock is not None:
        write_lock(path, lock_name(chart), dump_lock(result.lock))
    return DONE


def _manager(
    parsed: Parsed, path: str, chart: "Chart", out: "Out", signatures: Signatures
) -> "Manager":
    import time

    from kmanifest.cli.helm.local import DiskCharts
    from kmanifest.cli.helm.sources import HelmHome, access_of, make_finder
    from kmanifest.engines.helm.sources.index import load_index
    from kmanifest.engines.helm.sources.manage import Clock, Manager
    from kmanifest.io.system import system_clock

    home = HelmHome(parsed.values, os.environ)
    finder = make_finder(parsed)

    def kept_index(name: str) -> "Index | None":
        content = home.kept_index(name)
        return load_index(content, name) if content else None

    return Manager(
        chart,
        finder,
        DiskCharts(path, parsed.values.get("allow-local", ())),
        clock=Clock(system_clock(), time.localtime().tm_gmtoff),
        out=out,
        access=access_of(parsed),
        refreshes=not parsed.values.get("skip-refresh"),
        kept_index=kept_index,
        check=_checker(parsed, finder, out, signatures),
    )


def _checker(parsed: Parsed, finder: "Finder", out: "Out", signatures: Signatures) -> "Check":
    """What checks a package by its provenance file. Source: pkg/downloader/chart_downloader.go, DownloadTo."""
    from kmanifest.cli.helm.verify import verify_package
    from kmanifest.io.remote.urls import shown_url
    from kmanifest.model.errors import SourceError

    def check(place: "Place", content: bytes) -> None:
        if signatures == "never":
            return
        try:
            provenance = finder.fetch_provenance(place)
        except SourceError as error:
            if signatures == "always":
                raise
            where = place.reference or shown_url(place.url)
            out(f"WARNING: Verification not found for {where}: {error.message}")
            return
        verify_package(parsed, place.file_name, content, provenance)

    return check
