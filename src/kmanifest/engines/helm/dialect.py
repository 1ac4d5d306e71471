"""The differences between Helm 3 and Helm 4: one `Dialect` for each version, passed down as an argument.

Everything else is the same in both versions and is implemented once. `dialects/` has the two records. This module is
below the modules that it names, and imports them for type checking only.
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

    `check_directory` and `check_archive` raise SourceError for a chart format that can't be loaded, `check_format` for
    one that can't be rendered. `metadata` and `lock` are the shapes of Chart.yaml and Chart.lock.
    """

    check_directory: "Callable[[Tree, str, str, Limits], None]"
    check_archive: "Callable[[bytes, Limits], None]"
    check_format: "Callable[[Chart], None]"
    metadata: "Shape"
    lock: "Shape"
    max_file: int


class DocumentRules(NamedTuple):
    """How text is split into documents, which fields of a document are read, and how kinds are ordered in the output."""

    split: Callable[[str], list[str]]
    head: "Shape"
    ranks: Mapping[str, int]


class CommandRules(NamedTuple):
    """Differences between the commands.

    `prefers_repository`: `--repo` hides a chart of the same name in the current directory. `lints_current_directory`:
    `lint` without an argument checks the current directory. `lint_chart`: the function that `lint` calls.
    """

    prefers_repository: bool
    lints_current_directory: bool
    lint_chart: Callable[..., list[Any]]


class Dialect(NamedTuple):
    """One major version of Helm.

    `messages`: log and error messages. `readers`: how value files and `--set` are read. `coalescing`: how values are
    merged. `aliased_dependency`: returns the chart to render for a dependency, under its alias if it has one.
    `run_stage`: runs a named step of a render. `chart_object`: returns `.Chart`. `values_type`: the type of `.Values`.
    `failure_message`: returns the message for a failed template.
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
