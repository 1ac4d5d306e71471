"""What the major versions of helm do each in its own way: a `Dialect` for each, passed down to whoever asks for a part of it.

All else is the same in both, and is written once. The records are in `dialects/`. This module is below all others that are named
in it, and knows them as types only.
"""

from collections.abc import Callable, Mapping

from kmanifest.engines.helm.messages import Messages
from kmanifest.startup.typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from kmanifest.engines.helm.charts.chart import Chart
    from kmanifest.engines.helm.formats.go_json import Shape
    from kmanifest.engines.helm.gotemplate.values import Functions, GoError
    from kmanifest.engines.helm.objects.builtin import Values
    from kmanifest.engines.helm.objects.capabilities import Capabilities
    from kmanifest.engines.helm.values.layers import CoalesceRules, ValueReaders, Warn
    from kmanifest.io.tree import Tree
    from kmanifest.model.limits import Limits


class LoadRules(NamedTuple):
    """How charts are loaded.

    `check_directory` and `check_archive` raise SourceError for a chart of a format that can't be loaded, `check_format` for one
    that can't be rendered; `metadata` and `lock` are the shapes of Chart.yaml and Chart.lock.
    """

    check_directory: "Callable[[Tree, str, str, Limits], None]"
    check_archive: "Callable[[bytes, Limits], None]"
    check_format: "Callable[[Chart], None]"
    metadata: "Shape"
    lock: "Shape"
    max_file: int


class DocumentRules(NamedTuple):
    """How a text is split into documents, what is read of each, and the ranks of kinds in the output."""

    split: Callable[[str], list[str]]
    head: "Shape"
    ranks: Mapping[str, int]


class CommandRules(NamedTuple):
    """What the commands do: whether `--repo` hides a chart in the current directory, and what `lint` takes and finds."""

    prefers_repository: bool
    lints_current_directory: bool
    lint_chart: Callable[..., list[Any]]


class Dialect(NamedTuple):
    """One major version of helm.

    `messages` are its texts, `readers` how it reads files with values and `--set`, `coalescing` how values are laid over one
    another. `aliased_dependency` gives the chart that is rendered for a dependency with an alias or with none. `run_stage` runs a
    step of a render under a name, `chart_object` makes `.Chart`, `values_type` is the type of `.Values`, and `failure_message` is what is
    told of a failed template.
    """

    messages: Messages
    loading: LoadRules
    readers: "ValueReaders"
    coalescing: "CoalesceRules"
    aliased_dependency: "Callable[[Chart, str], Chart]"
    run_stage: "Callable[[str, Callable[[], None], Warn], None]"
    make_capabilities: "Callable[..., Capabilities]"
    functions: "Callable[..., Functions]"
    chart_object: "Callable[[Chart], Any]"
    values_type: "type[Values]"
    failure_message: "Callable[[GoError], str]"
    documents: DocumentRules
    commands: CommandRules
