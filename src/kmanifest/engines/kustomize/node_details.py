"""Details of YAML nodes that bodies do not keep, and builds that need them nevertheless.

Bodies do not keep whether a string of a file is quoted, nor which strings a step wrote without a tag. In nearly all
builds nothing depends on it. But a number that a patch puts over `"http"` becomes a string, and over `http` it does not.

1. A build starts without these details.
2. A step that needs one raises `NodeDetailsNeededError`. See `scalar_nodes.NodeWriter`.
3. The build starts again. Files are then read with a `ScalarNode` for each quoted string, and steps write one for each
   node without a tag, and for a text that does not have the type of its tag. The latter is an error for kustomize only
   if it is still there when the object is printed. So the first run ends with an `InvalidScalarError`, which is the
   error of the build if the second run fails, too.

The second run reports only findings that the first one did not report, and executables are not started again with the
same input. It uses no cache, as results with these details are not those of other builds. Changes are reported at the
end of the run that counts, because they refer to its objects.
"""

from kmanifest.engines.kustomize.base_cache import KustomizeBuildState
from kmanifest.io.cache import NoCache
from kmanifest.model.errors import KmanifestError, SourceError
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.parsing import KEEPS_QUOTES
from kmanifest.startup.typing import TYPE_CHECKING, Any, Callable, Final, TypeVar

if TYPE_CHECKING:
    from kmanifest.io.runner import Command, FileKind, Runner
    from kmanifest.model.findings import Finding
    from kmanifest.model.trace import Change

ASSUMED: Final = "assumed"
"""Strings count as unquoted, and as tagged."""
ON_DEMAND: Final = "on demand"
"""The first run: a step that needs a detail raises NodeDetailsNeededError."""
KEPT: Final = "kept"
"""The second run."""

Result = TypeVar("Result")


class NodeDetailsNeededError(BaseException):
    """Ends the first run of a build. It is no Exception, so that no plug-in handles it."""


class InvalidScalarError(SourceError):
    """A scalar got a text that does not have the type of its tag."""

    def as_source_error(self) -> SourceError:
        """Return the error for the caller of the build."""
        return SourceError(
            self.message,
            location=self.location,
            near=self.near,
            trail=self.trail,
            causes=self.causes,
        )


def details_of(ctx: Context) -> str:
    """Return whether details of nodes are assumed, found on demand, or kept, in this build."""
    return ctx.state.node_details if isinstance(ctx.state, KustomizeBuildState) else ASSUMED


def run_build(ctx: Context, build: Callable[[Context], Result]) -> Result:
    """Return the result of `build`, which is called with a context that has the state of a new build."""
    findings = _Findings(ctx.on_finding)
    changes: list[Change] = []
    on_change = ctx.on_change
    runner = None if ctx.runner is None else _RecordingRunner(ctx.runner)
    ctx = ctx._replace(
        on_finding=findings.report,
        on_change=None if on_change is None else changes.append,
        runner=runner,
    )
    try:
        return _run_twice_if_needed(ctx, build, findings, changes, runner)
    finally:
        if on_change is not None:
            for change in changes:
                on_change(change)


def _run_twice_if_needed(
    ctx: Context,
    build: Callable[[Context], Result],
    findings: "_Findings",
    changes: "list[Change]",
    runner: "_RecordingRunner | None",
) -> Result:
    try:
        return build(ctx._replace(state=KustomizeBuildState(ON_DEMAND)))
    except NodeDetailsNeededError:
        first_error = None
    except InvalidScalarError as error:
        first_error = error.as_source_error()
    findings.start_again()
    changes.clear()
    if runner is not None:
        runner.start_again()
    if ctx.meter is not None:
        ctx.meter.start_again()
    state = KustomizeBuildState(KEPT)
    state.shared(KEEPS_QUOTES, lambda: True)
    try:
        return build(ctx._replace(state=state, cache=NoCache()))
    except KmanifestError:
        if first_error is None:
            raise
    raise first_error


class _Findings:
    """Passes findings on; those of the second run only after as many as the first run had."""

    __slots__ = ("_count", "_receive", "_skipped")

    def __init__(self, receive: "Callable[[Finding], None]") -> None:
        self._receive = receive
        self._count = self._skipped = 0

    def report(self, finding: "Finding") -> None:
        """Pass a finding on."""
        if self._skipped:
            self._skipped -= 1
            return
        self._count += 1
        self._receive(finding)

    def start_again(self) -> None:
        """Begin the second run."""
        self._skipped = self._count


class _RecordingRunner:
    """Runs each command once: the second run gets the outputs of the first one, in the same order."""

    def __init__(self, runner: "Runner") -> None:
        self._runner = runner
        self._results: list[tuple[Command, bytes]] = []
        self._recorded: list[tuple[Command, bytes]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)  # `find`, which not every runner has

    def kind(self, path: str) -> "FileKind":
        """Return whether an executable, another file or nothing is at a path."""
        return self._runner.kind(path)

    def run(self, command: "Command") -> bytes:
        """Return the output of a command."""
        if self._recorded and self._recorded[0][0] == command:
            return self._recorded.pop(0)[1]
        output = self._runner.run(command)
        if not command.output_directory:
            self._results.append((command, output))
        return output

    def start_again(self) -> None:
        """Begin the second run."""
        self._recorded = self._results
