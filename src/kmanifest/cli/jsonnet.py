"""`kmanifest jsonnet`: evaluate a Jsonnet file and print JSON.

Source of flags, messages and order: go-jsonnet v0.22.0 cmd/jsonnet/cmd.go; cmd/internal/cmd/utils.go.
"""

import os
import sys

from kmanifest.cli import EXIT_FAILURE, EXIT_OK
from kmanifest.cli.flags import (
    ANY_VALUE,
    SWITCHED_ON,
    CommandLine,
    Flag,
    UsageError,
    parse_command_line,
    with_variables,
)
from kmanifest.cli.jsonnet_variables import JsonnetUsageError, read_variable
from kmanifest.cli.output import OutputError, print_pieces, replace_file, write_file
from kmanifest.cli.verbs import FILE, Command
from kmanifest.model.errors import KmanifestError, one_line
from kmanifest.startup.typing import TYPE_CHECKING, Any, Final, Iterable, Mapping, Sequence

if TYPE_CHECKING:
    from kmanifest.engines.jsonnet.command import LocalFiles
    from kmanifest.engines.jsonnet.options import JsonnetOptions
    from kmanifest.engines.jsonnet.programs import (
        Failure,
        Frame,
        Outcome,
        Program,
        Style,
        Variable,
    )

_MAX_SHOWN: Final = 1_000  # characters of a line of the source in an error
_ORDER: Final = "order of variables"
"""The key of the flags that define variables, in the order of the command line: of two definitions the last one counts."""

_VARIABLE_FLAGS: Final = {
    "ext-str": ("", False),
    "ext-str-file": ("importstr", False),
    "ext-code": ("", True),
    "ext-code-file": ("import", True),
    "tla-str": ("", False),
    "tla-str-file": ("importstr", False),
    "tla-code": ("", True),
    "tla-code-file": ("import", True),
}
"""For each flag the keyword that reads a file, and whether the value is code."""

GENERAL_FLAGS = with_variables(
    "JSONNET_",
    Flag("exec", "switch", "FILE is Jsonnet code", short="e", user_only=SWITCHED_ON),
    Flag("jpath", "list", "directory to search for imports; the last one is searched first", short="J", path="directory", value="dir", user_only=ANY_VALUE),
    Flag("max-stack", "string", "number of stack frames", short="s", default="500", value="n"),
    Flag("max-trace", "string", "lines of a stack trace, 0 for all", short="t", default="20", value="n"),
    Flag("isolate", "string", "`none` evaluates in this process, without limits: only for files that you trust", default="process", choices=("process", "none"), user_only=ANY_VALUE),
    Flag("timeout", "string", "seconds that the evaluation may take", default="15", value="seconds", user_only=ANY_VALUE),
    Flag("max-memory", "string", "MiB of memory that the evaluation may use", default="400", value="MiB", user_only=ANY_VALUE),
)  # fmt: skip
OUTPUT_FLAGS = with_variables(
    "JSONNET_",
    Flag("create-output-dirs", "switch", "create the directories of output files", short="c", user_only=SWITCHED_ON),
    Flag("multi", "string", "directory to write one file per key of the result to; their paths are printed", short="m", path="directory", value="dir", user_only=ANY_VALUE),
    Flag("no-trailing-newline", "switch", "print no line feed at the end"),
    Flag("output-file", "string", "file to write the output to", short="o", path="file", value="file", user_only=ANY_VALUE),
    Flag("string", "switch", "the result is a string; print it as it is", short="S"),
    Flag("yaml-stream", "switch", "the result is an array; print a YAML stream of JSON documents", short="y"),
)  # fmt: skip
VARIABLE_FLAGS = with_variables(
    "JSONNET_",
    Flag("ext-str", "list", "external variable: NAME=STRING, or NAME for an environment variable", short="V", whole=True),
    Flag("ext-str-file", "list", "external variable that is the content of a file: NAME=FILE", whole=True),
    Flag("ext-code", "list", "external variable: NAME=CODE, or NAME for an environment variable", whole=True),
    Flag("ext-code-file", "list", "external variable that is the value of a Jsonnet file: NAME=FILE", whole=True),
    Flag("tla-str", "list", "top-level argument: NAME=STRING, or NAME for an environment variable", short="A", whole=True),
    Flag("tla-str-file", "list", "top-level argument that is the content of a file: NAME=FILE", whole=True),
    Flag("tla-code", "list", "top-level argument: NAME=CODE, or NAME for an environment variable", whole=True),
    Flag("tla-code-file", "list", "top-level argument that is the value of a Jsonnet file: NAME=FILE", whole=True),
)  # fmt: skip
FLAG_GROUPS = (
    ("General flags", GENERAL_FLAGS),
    ("Output flags", OUTPUT_FLAGS),
    ("Variables", VARIABLE_FLAGS),
)


def parse(flags: Iterable[Flag], arguments: Sequence[str]) -> CommandLine:
    """Parse a command line as `jsonnet` does: `-abc` stands for `-a -b -c`, also if `-a` needs a value."""
    flags = tuple(flags)
    expanded = _expand(arguments)
    try:
        command_line = parse_command_line(flags, expanded)
    except UsageError as error:
        raise JsonnetUsageError(str(error)) from error
    command_line.values[_ORDER] = _variable_order(flags, expanded)
    return command_line


def _expand(arguments: Sequence[str]) -> list[str]:
    expanded: list[str] = []
    for index, argument in enumerate(arguments):
        if argument == "--":
            return [*expanded, *arguments[index:]]
        if len(argument) > len("-a") and argument[0] == "-" and argument[1] != "-":
            expanded += [f"-{letter}" for letter in argument[1:]]
        else:
            expanded.append(argument)
    return expanded


def _variable_order(flags: Iterable[Flag], arguments: Sequence[str]) -> list[str]:
    """Return the names of the flags that define variables, in the order in which they are written."""
    by_argument = {f"--{flag.name}": flag for flag in flags}
    by_argument |= {f"-{flag.short}": flag for flag in flags if flag.short}
    order: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            break
        name, equals, _ = argument.partition("=")
        flag = by_argument.get(name)
        if flag is None or flag.kind == "switch":
            continue
        if not equals:
            next(remaining, None)
        if flag.name in _VARIABLE_FLAGS:
            order.append(flag.name)
    return order


def jsonnet(command_line: CommandLine) -> int:
    """Evaluate, print or write the result, and return the exit code."""
    values = command_line.values
    name = _check(command_line)
    variables = _define_variables(values)

    from kmanifest.engines.jsonnet.command import LocalFiles, evaluate_code  # after usage errors
    from kmanifest.engines.jsonnet.programs import Program, unique

    files = LocalFiles()
    base = files.tree.resolve(os.getcwd())
    source, path, name, this_file = _read_source(files, name, is_code=values["exec"])
    program = Program(
        name,
        this_file,
        source,
        unique(each for flag, each in variables if flag.startswith("ext")),
        unique(each for flag, each in variables if flag.startswith("tla")),
        max_stack=_integer(values, "max-stack", 1),
        style=_style(values),
    )
    max_trace = _integer(values, "max-trace", 0)
    options = _options(values)
    outcome = evaluate_code(files, program, options, base=base, path=path, on_trace=_print_trace)
    if outcome.failure is not None:
        _print_failure(outcome.failure, max_trace, program)
        return EXIT_FAILURE
    return _write(outcome, values, max_trace, program)


def _check(command_line: CommandLine) -> str:
    """Return the file or code to evaluate. Raises JsonnetUsageError for wrong usage."""
    values = command_line.values
    for flag, letter in (("multi", "m"), ("output-file", "o")):
        if command_line.has(flag) and not values[flag]:
            raise JsonnetUsageError(f"-{letter} argument was empty string")
    if "" in values["jpath"]:
        raise JsonnetUsageError("-J argument was empty string")
    if values["yaml-stream"] and values["no-trailing-newline"]:
        raise JsonnetUsageError("cannot use --no-trailing-newline with --yaml-stream")
    wanted = "code" if values["exec"] else "filename"
    if not command_line.arguments:
        raise JsonnetUsageError(f"must give {wanted}")
    if len(command_line.arguments) > 1:
        raise JsonnetUsageError(f"only one {wanted} is allowed")
    return command_line.arguments[0]


def _integer(values: Mapping[str, Any], name: str, least: int) -> int:
    try:
        number = int(values[name])
    except ValueError:
        raise JsonnetUsageError(f'Invalid integer "{values[name]}"') from None
    if number < least:
        raise JsonnetUsageError(f"invalid --{name} value: {number}")
    return number


def _options(values: Mapping[str, Any]) -> "JsonnetOptions":
    from kmanifest.engines.jsonnet.options import JsonnetOptions

    searched = [path for path in os.environ.get("JSONNET_PATH", "").split(os.pathsep) if path]
    return JsonnetOptions(
        library_paths=(*reversed(searched), *values["jpath"]),
        isolate=values["isolate"],
        timeout=float(_integer(values, "timeout", 1)),
        max_memory=_integer(values, "max-memory", 1) << 20,
    )


def _style(values: Mapping[str, Any]) -> "Style":
    if values["multi"]:
        return "json"
    if values["yaml-stream"]:
        return "stream"
    return "value" if values["string"] else "json"


def _define_variables(values: Mapping[str, Any]) -> "list[tuple[str, Variable]]":
    """Return the flag and the variable of each definition: those of settings first, then as on the command line."""
    from kmanifest.engines.jsonnet.programs import Variable

    remaining = {flag: list(values[flag]) for flag in _VARIABLE_FLAGS}
    ordered: list[tuple[str, str]] = []
    for flag in reversed(values[_ORDER]):
        if remaining[flag]:
            ordered.insert(0, (flag, remaining[flag].pop()))
    ordered = [*((flag, text) for flag, texts in remaining.items() for text in texts), *ordered]
    defined: list[tuple[str, Variable]] = []
    for flag, text in ordered:
        keyword, is_code = _VARIABLE_FLAGS[flag]
        if not keyword:
            defined.append((flag, Variable(*read_variable(text), is_code)))
            continue
        name, equals, value = text.partition("=")
        if not equals:
            raise JsonnetUsageError(f'argument not in form <var>=<file> "{text}"')
        value = "{} @'{}'".format(keyword, value.replace("'", "''"))
        defined.append((flag, Variable(name, value, is_code=True)))
    return defined


def _read_source(files: "LocalFiles", name: str, *, is_code: bool) -> tuple[bytes, str, str, str]:
    """Return the code, the resolved path of its file, its name in errors, and the path of `std.thisFile`."""
    if is_code:
        return name.encode("utf-8", "surrogateescape"), "", "<cmdline>", ""
    if name == "-":
        return sys.stdin.buffer.read(), "", "<stdin>", ""
    from kmanifest.model.errors import MissingError

    absolute = os.path.abspath(name)
    try:
        path = files.tree.resolve(absolute)
    except MissingError:
        message = f"Opening input file: {name}: no such file or directory"
        raise MissingError(message) from None
    if files.tree.kind(path) == "dir":
        raise KmanifestError(f"Reading input file: {name}: is a directory")
    return files.read_resolved(path), path, name, name


def _print_trace(file: str, line: int, message: str) -> None:
    from kmanifest.cli import report  # imported for messages only

    report.print_message(f"TRACE: {_printable(file)}:{line} {_printable(message)}\n")


def _print_failure(failure: "Failure", max_trace: int, program: "Program") -> None:
    """Print an error as `jsonnet` does."""
    from kmanifest.cli import report  # imported for errors only
    from kmanifest.engines.jsonnet.failures import format_failure

    def source_line(frame: "Frame") -> str:
        lines = program.source.decode("utf-8", "replace").split("\n")
        return (
            lines[frame.line - 1][:_MAX_SHOWN]
            if frame.file == program.name and frame.line <= len(lines)
            else ""
        )

    report.print_message(_printable(format_failure(failure, max_trace, source_line)))


def _printable(text: str) -> str:
    """Return the text with everything escaped that could control a terminal, except line feeds and tabs."""
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))


def _write(
    outcome: "Outcome", values: Mapping[str, Any], max_trace: int, program: "Program"
) -> int:
    """Write the result and return the exit code."""
    from kmanifest.engines.jsonnet.printing import NotPrintableError, as_string, print_files

    newline = "" if values["no-trailing-newline"] else "\n"
    try:
        if values["multi"]:
            files = print_files(outcome.content, newline.encode(), is_string=values["string"])
            return _write_files(files, values)
        if values["string"] and not values["yaml-stream"]:
            text = as_string(outcome.content) + newline
            return _write_content(text.encode("utf-8", "surrogateescape"), values)
    except NotPrintableError as error:
        from kmanifest.engines.jsonnet.programs import Failure, Frame

        frames = (Frame("", 0, 0, 0, 0, "During manifestation"),)
        _print_failure(Failure("runtime", str(error), frames), max_trace, program)
        return EXIT_FAILURE
    return _write_content(
        outcome.content if newline else outcome.content.removesuffix(b"\n"), values
    )


def _write_content(content: bytes, values: Mapping[str, Any]) -> int:
    path = values["output-file"]
    if not path:
        return print_pieces([content])
    if values["create-output-dirs"] and not values["yaml-stream"]:
        _make_directories(os.path.dirname(path))
    try:
        write_file(path, [content])
    except OutputError as error:
        raise OutputError(f"open {path}: {error.message.rpartition(': ')[2].lower()}") from error
    return EXIT_OK


def _write_files(files: Mapping[str, bytes], values: Mapping[str, Any]) -> int:
    """Write one file per key below the directory of --multi, and print or write their paths."""
    directory = os.path.normpath(values["multi"])
    if files and not os.path.isdir(directory):
        if not values["create-output-dirs"]:
            raise OutputError(f"open {directory}: no such file or directory")
        _make_directories(directory)
    written: list[str] = []
    try:
        for key in sorted(files):
            path = os.path.normpath(key.lstrip("/") if key.startswith("/") else key)
            written.append(os.path.normpath(os.path.join(directory, path)))
            _write_below(directory, path, files[key], create=values["create-output-dirs"])
    finally:
        listed = "".join(f"{path}\n" for path in written).encode("utf-8", "surrogateescape")
        code = _write_content(listed, {**values, "yaml-stream": True})
    return code


def _write_below(directory: str, path: str, content: bytes, *, create: bool) -> None:
    """Write a file below a directory. Raises OutputError if its path leads out of the directory."""
    target = os.path.join(directory, path)
    parent = os.path.realpath(os.path.dirname(target))
    root = os.path.realpath(directory)
    if path.split(os.sep, 1)[0] == ".." or os.path.commonpath([root, parent]) != root:
        raise OutputError(f"openat {path}: path escapes from parent")
    if os.path.isfile(target) and not os.path.islink(target):
        with open(target, "rb") as stream:
            if stream.read() == content:
                return
    if create:
        _make_directories(parent)
    if not os.path.isdir(parent):
        raise OutputError(f"openat {path}: no such file or directory")
    replace_file(target, content)


def _make_directories(path: str) -> None:
    try:
        os.makedirs(path or ".", exist_ok=True)
    except OSError as error:
        raise OutputError(f"mkdir {path}: {(error.strerror or str(error)).lower()}") from error


COMMAND = Command(
    ("jsonnet",),
    "FILE",
    """\
Evaluate a Jsonnet file and print JSON, as jsonnet does. FILE can be - for stdin. Imports are searched in the directory of
the importing file, then in the directories of -J and of the variable JSONNET_PATH. A program can read only the current
directory, or the project of FILE if that is elsewhere, and the directories of -J.
""",
    FLAG_GROUPS,
    jsonnet,
    examples=(
        "kmanifest jsonnet -J vendor main.jsonnet",
        "kmanifest jsonnet -y -V cluster=eu main.jsonnet | kubectl apply -f -",
        "kmanifest jsonnet -cm manifests -J vendor example.jsonnet",
    ),
    completions=(FILE,),
    parse=parse,
)
