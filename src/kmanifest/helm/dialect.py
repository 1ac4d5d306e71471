"""What the major versions of helm do each in its own way: a `Dialect` for each, passed down to whoever asks for a part of it.

All else is the same in both, and is written once. Version 3 is here; what only version 4 needs is in `v4/`, which is imported
when that is asked for. Source: helm v3.22.0, and v4.3.1.
"""

from collections.abc import Callable, Mapping

from kmanifest.errors import SourceError
from kmanifest.helm.archive import MAX_FILE
from kmanifest.helm.capabilities import Capabilities, make_capabilities
from kmanifest.helm.chart import LOCK, METADATA, Chart
from kmanifest.helm.gojson import Shape
from kmanifest.helm.manifests import HEAD, RANKS, split
from kmanifest.helm.objects import Values
from kmanifest.helm.values import READERS, Readers, Table, Warn, copy_defaults
from kmanifest.helm.words import Words
from kmanifest.typed import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from kmanifest.gotemplate.values import Functions, GoError
    from kmanifest.helm.lint import Message, Settings
    from kmanifest.limits import Limits
    from kmanifest.tree import Tree


class Loading(NamedTuple):
    """How charts are loaded.

    `check_directory` and `check_archive` raise SourceError for a chart of a format that can't be loaded, `check_format` for one
    that can't be rendered; `metadata` and `lock` are the shapes of Chart.yaml and Chart.lock.
    """

    check_directory: "Callable[[Tree, str, str, Limits], None]"
    check_archive: "Callable[[bytes, Limits], None]"
    check_format: Callable[[Chart], None]
    metadata: Shape
    lock: Shape
    max_file: int


class Documents(NamedTuple):
    """How a text is split into documents, what is read of each, and the ranks of kinds in the output."""

    split: Callable[[str], list[str]]
    head: Shape
    ranks: Mapping[str, int]


class Commands(NamedTuple):
    """What the commands do: whether `--repo` hides a chart in the current directory, and what `lint` takes and finds."""

    asks_repository_first: bool
    lints_here: bool
    lint_chart: "Callable[..., list[Message]]"


class Dialect(NamedTuple):
    """One major version of helm.

    `words` are its texts, `readers` how it reads files with values and `--set`. `copy_defaults` gives the values of a chart that
    are laid under a table, `taken` the chart that is rendered for a dependency with an alias or with none. `with_stage` runs a
    step of a render under a name, `chart_object` makes `.Chart`, `table` is the type of `.Values`, and `told_failure` is what is
    told of a failed template.
    """

    words: Words
    loading: Loading
    readers: Readers
    copy_defaults: Callable[[Chart, Mapping[str, Any]], Table]
    taken: Callable[[Chart, str], Chart]
    with_stage: Callable[[str, Callable[[], None], Warn], None]
    make_capabilities: Callable[..., Capabilities]
    functions: "Callable[..., Functions]"
    chart_object: Callable[[Chart], Any]
    table: type[Values]
    told_failure: "Callable[[GoError], str]"
    documents: Documents
    commands: Commands


def find_dialect(version: str) -> Dialect:
    """The dialect of a major version of helm, `3` or `4`; SourceError for any other."""
    if version == "3":
        return HELM3
    if version == "4":
        from kmanifest.helm.v4.dialect import HELM4

        return HELM4
    raise SourceError(f"the version of helm is 3 or 4, not {version!r}")


def _nothing(*_: object) -> None:
    """Version 3 loads charts of every format."""


def _run(_: str, step: Callable[[], None], __: Warn) -> None:
    step()


def _functions(**given: Any) -> "Functions":
    from kmanifest.helm.funcs import functions  # a wrong chart needs none

    return functions(**given)


def _told_failure(error: "GoError") -> str:
    from kmanifest.helm.engine import told_failure  # for errors only; the engine knows dialects

    return told_failure(error)


def _lint_chart(tree: "Tree", path: str, settings: "Settings", *, shown: str = "") -> "list[Message]":  # fmt: skip
    from kmanifest.helm.lint import lint_chart

    return lint_chart(tree, path, settings, shown=shown)


HELM3: Final = Dialect(
    words=Words(),
    loading=Loading(_nothing, _nothing, _nothing, METADATA, LOCK, MAX_FILE),
    readers=READERS,
    copy_defaults=copy_defaults,
    taken=lambda chart, alias: chart.shallow(alias=alias),
    with_stage=_run,
    make_capabilities=make_capabilities,
    functions=_functions,
    chart_object=Chart.object,
    table=Values,
    told_failure=_told_failure,
    documents=Documents(split, HEAD, RANKS),
    commands=Commands(asks_repository_first=False, lints_here=True, lint_chart=_lint_chart),
)
