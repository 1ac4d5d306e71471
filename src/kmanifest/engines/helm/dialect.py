"""The differences between Helm 3 and Helm 4: one `Dialect` for each version, passed down as an argument.

Everything else is the same in both versions and is implemented once. `dialects/` has the two records. This module is
below the modules that it names, and imports them for type checking only.
"""

from kmanifest.engines.helm.messages import Messages
from kmanifest.startup.typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple

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

    - `check_directory`: raises SourceError for a directory whose chart format can't be loaded. Its arguments are the
      tree, the path in it, the path for messages, and the limits. Helm 3 accepts all formats.
    - `check_archive`: the same for a packaged chart. Its arguments are the content and the limits.
    - `check_format`: raises SourceError for a loaded chart whose format can't be rendered. Helm 3 renders all formats.
    - `metadata`: the shape of Chart.yaml.
    - `lock`: the shape of Chart.lock.
    - `max_file_bytes`: the maximal size of one file of a chart, in bytes.
    """

    check_directory: "Callable[[Tree, str, str, Limits], None]"
    check_archive: "Callable[[bytes, Limits], None]"
    check_format: "Callable[[Chart], None]"
    metadata: "Shape"
    lock: "Shape"
    max_file_bytes: int


class DocumentRules(NamedTuple):
    """How rendered files become the documents of the output.

    - `split`: returns the documents in a rendered file.
    - `head`: the shape of the fields that are read of each document: kind, name and annotations.
    - `ranks`: the position of each known kind in the output. Other kinds come after them, by name.
    """

    split: Callable[[str], list[str]]
    head: "Shape"
    ranks: Mapping[str, int]


class CommandRules(NamedTuple):
    """How the verbs of the command differ.

    - `prefers_repository`: whether `--repo` hides a chart of the same name in the current directory.
    - `lints_current_directory`: whether `lint` without an argument checks the current directory, or is an error.
    - `lint_chart`: returns the problems of one chart, as `lint.linter.lint_chart` does.
    """

    prefers_repository: bool
    lints_current_directory: bool
    lint_chart: Callable[..., list[Any]]


class Dialect(NamedTuple):
    """One major version of Helm.

    - `messages`: its log messages, and its errors for charts that can't be rendered.
    - `loading`: how charts are loaded.
    - `readers`: how value files and `--set` are read.
    - `coalescing`: how values are merged.
    - `alias_dependency`: returns the copy of a subchart that is rendered for a dependency. The second argument is the
      alias of the dependency, which becomes the name of the copy unless it is empty.
    - `run_stage`: runs one step of a render. Helm 3 only calls the step. If it fails, Helm 4 also logs that, and the
      error begins with the name of the step. The arguments are the name, the step, and the function that logs.
    - `make_capabilities`: returns `.Capabilities` for a version of Kubernetes and additional API versions.
    - `make_functions`: returns the template functions that need no render. Its arguments are those of
      `sprig.functions`.
    - `make_chart_object`: returns `.Chart` for a chart.
    - `values_type`: the type of `.Values`, and of the table that a template sees as `.`.
    - `format_failure`: returns the message for an execution of a template that failed.
    - `documents`: how rendered files become the documents of the output.
    - `commands`: how the verbs of the command differ.
    """

    messages: Messages
    loading: LoadRules
    readers: "ValueReaders"
    coalescing: "CoalesceRules"
    alias_dependency: "Callable[[Chart, str], Chart]"
    run_stage: "Callable[[str, Callable[[], None], Warn], None]"
    make_capabilities: "Callable[..., Capabilities]"
    make_functions: "Callable[..., Functions]"
    make_chart_object: "Callable[[Chart], Any]"
    values_type: "type[Values]"
    format_failure: "Callable[[GoError], str]"
    documents: DocumentRules
    commands: CommandRules
