"""Find code of the kinds behind the faults of the audit: a check of the source, by its syntax trees.

    python -m tests.static_checks

prints each use that `ALLOWED` does not name, and each entry of `ALLOWED` that is used no more. The kinds:

- `front`: a loop that cuts the front off a string or list, which takes quadratic time. Use an index instead.
- `raise`: an exception of Python that is raised, and could leave a public function. Callers catch KmanifestError only.
- `catch`: a handler of every exception, which hides faults.
- `open`: a file that is opened by its path. Files of a project are read through a `Tree`, which follows no link.
- `url`: a URL in an f-string that is not masked. It may contain a password.
"""

import ast
import builtins
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parents[1] / "src" / "kmanifest"


class Use(NamedTuple):
    """Code of one of the kinds: its file below the package, and its text."""

    kind: str
    file: str
    code: str


ALLOWED = {
    # short strings, which the user or Python made
    Use("front", "cli/durations.py", "number, rest = (rest[:digits], rest[digits:])"): "a flag's value",
    Use("front", "cli/durations.py", "rest = rest[len(unit):]"): "a flag's value",
    Use("front", "cli/flags.py", "letters = letters[1:]"): "an argument of the command line",
    Use("front", "cli/flags.py", "value, letters = (letters[1:], '')"): "an argument of the command line",
    Use("front", "io/worker_sessions.py", "pending = pending[os.write(stream.fileno(), pending[:_CHUNK_SIZE]):]"): "a memoryview",
    Use("front", "io/remote/fetched_objects.py", "url = url[2:]"): "the URL of a submodule, of at most 4 kB",
    Use("front", "io/remote/fetched_objects.py", "url = url[3:]"): "the URL of a submodule, of at most 4 kB",
    Use("front", "engines/helm/sprig/time_reader.py", "self.rest = self.rest[1:]"): "a time of at most 1,000 characters",
    Use("front", "engines/helm/sprig/time_reader.py", "self.rest = self.rest.lstrip(' ')"): "a time of at most 1,000 characters",
    Use("front", "engines/helm/sprig/time_reader.py", "self.rest = self.rest[len(short):]"): "a time of at most 1,000 characters",
    Use("front", "cli/cfg/nodes.py", "node.content = node.content[:index] + node.content[index + 1:]"): "returns from the loop",
    Use("front", "engines/helm/formats/go_json.py", "rest = rest[match.end():]"): "two patterns",
    Use("front", "engines/helm/sources/openpgp.py", "lines.pop(0)"): "the headers of a signature, of a bounded file",
    Use("front", "engines/kustomize/key_values.py", "text = text.lstrip(_SPACES)"): "another string in each round",
    Use("front", "engines/kustomize/key_values.py", "text = text.removeprefix('\\ufeff')"): "another string in each round",
    # exceptions of Python
    Use("raise", "__init__.py", "AttributeError"): "the protocol of module attributes",
    Use("raise", "helm.py", "AttributeError"): "the protocol of module attributes",
    Use("raise", "plugin.py", "AttributeError"): "the protocol of module attributes",
    Use("raise", "engines/helm/options.py", "AttributeError"): "an assignment to an immutable record",
    Use("raise", "backend.py", "ImportError"): "caught by `_choose_extension`",
    Use("raise", "cli/durations.py", "ValueError"): "caught by its callers",
    Use("raise", "engines/helm/schemas/document.py", "ValueError"): "caught where the document is read",
    Use("raise", "engines/helm/schemas/plain.py", "ValueError"): "caught where the document is read",
    Use("raise", "api.py", "TypeError"): "an argument of a wrong type",
    Use("raise", "engines/helm/api.py", "TypeError"): "an argument of a wrong type",
    Use("raise", "engines/helm/objects/capabilities.py", "KeyError"): "the protocol of mappings",
    Use("raise", "engines/helm/values/normalize.py", "TypeError"): "an argument of a wrong type",
    Use("raise", "engines/helm/values/normalize.py", "ValueError"): "an argument that is no value of YAML",
    Use("raise", "cli/writer.py", "NotADirectoryError"): "caught where the output is written",
    Use("raise", "engines/environment/options.py", "AttributeError"): "an immutable record, as a NamedTuple's",
    Use("raise", "engines/jinja/filters/collections.py", "TypeError"): "a filter's error, which becomes one of the template",
    Use("raise", "engines/jinja/filters/collections.py", "ValueError"): "a filter's error, which becomes one of the template",
    Use("raise", "engines/jinja/filters/data.py", "TypeError"): "a filter's error, which becomes one of the template",
    Use("raise", "engines/jinja/filters/data.py", "ValueError"): "a filter's error, which becomes one of the template",
    Use("raise", "engines/jinja/filters/regexes.py", "ValueError"): "a filter's error, which becomes one of the template",
    Use("raise", "engines/jinja/filters/table.py", "ValueError"): "a filter's error, which becomes one of the template",
    Use("raise", "engines/jinja/filters/text.py", "ValueError"): "a filter's error, which becomes one of the template",
    Use("raise", "engines/jinja/filters/toml.py", "TypeError"): "a filter's error, which becomes one of the template",
    Use("raise", "engines/jinja/operators.py", "TypeError"): "a filter's error, which becomes one of the template",
    Use("raise", "engines/jinja/options.py", "AttributeError"): "an assignment to an immutable record",
    Use("raise", "engines/jsonnet/api.py", "TypeError"): "an argument of a wrong type",
    Use("raise", "engines/jsonnet/evaluation.py", "ValueError"): "the evaluator makes an error of the program of it",
    Use("raise", "engines/jsonnet/fallback.py", "ValueError"): "the evaluator makes an error of the program of it",
    Use("raise", "engines/jsonnet/parsing.py", "ValueError"): "the evaluator makes an error of the program of it",
    Use("raise", "io/frames.py", "ValueError"): "a frame of another version of kmanifest",
    Use("raise", "io/runner.py", "NotImplementedError"): "caught where a worker process is started",
    Use("raise", "cli/writer.py", "OSError"): "caught where the output is written",
    Use("raise", "io/git_object_size.py", "KeyError"): "caught by the tree of a commit",
    Use("raise", "io/git_tree.py", "KeyError"): "caught where a revision is looked up",
    Use("raise", "io/remote/http.py", "OSError"): "urllib3 makes a failed connection of it",
    Use("raise", "cli/output.py", "IsADirectoryError"): "caught where the output is written",
    Use("raise", "io/remote/hosts.py", "TimeoutError"): "caught with the other errors of a connection",
    Use("raise", "io/remote/http.py", "TimeoutError"): "caught with the other errors of a connection",
    Use("raise", "model/arguments.py", "TypeError"): "an argument of a wrong type",
    Use("raise", "model/masking.py", "TypeError"): "the protocol of pickle",
    Use("raise", "startup/typing.py", "TypeError"): "as the NamedTuple of typing",
    Use("raise", "startup/typing.py", "ValueError"): "as the NamedTuple of typing",
    # handlers of every exception
    Use("catch", "cli/main.py", "BaseException"): "the last line of the command",
    Use("catch", "engines/jinja/rendering.py", "Exception"): "whatever a filter of a plug-in raises",
    Use("catch", "engines/jsonnet/fallback.py", "BaseException"): "the evaluator's panic, which is no Exception",
    Use("catch", "engines/jsonnet/fallback.py", "Exception"): "whatever the evaluator raises; callbacks raise it again",
    Use("catch", "io/runner.py", "BaseException"): "closes its pipes and raises it again",
    Use("catch", "cli/output.py", "BaseException"): "removes its temporary directory and raises it again",
    Use("catch", "cli/writer.py", "BaseException"): "removes its temporary directory and raises it again",
    Use("catch", "pipeline/entrypoints.py", "Exception"): "whatever the module of a plug-in raises",
    Use("catch", "yaml/dumper.py", "Exception"): "raises it again",
    # files that the user named, or that kmanifest made itself
    Use("open", "cli/helm/inputs.py", "open"): "named on the command line",
    Use("open", "cli/helm/sources.py", "open"): "Helm's own files",
    Use("open", "cli/writer.py", "open"): "what is written: step by step, without following links",
    Use("open", "cli/writer.py", "os.open"): "what is written: step by step, without following links",
    Use("open", "io/local_tree.py", "os.open"): "a file that the user named",
    Use("open", "cli/jsonnet.py", "open"): "a file in the output directory, to see whether it changes",
    Use("open", "engines/jsonnet/worker.py", "open"): "the memory of this process",
    Use("open", "cli/limits.py", "open"): "named on the command line",
    Use("open", "cli/main.py", "open"): "the release of this Python",
    Use("open", "cli/output.py", "open"): "the output, written through a temporary file",
    Use("open", "cli/output.py", "os.open"): "the output, written through a temporary file",
    Use("open", "cli/report.py", "open"): "a line of the source for an error, without following links",
    Use("open", "cli/report.py", "os.open"): "a line of the source for an error, without following links",
    Use("open", "cli/settings_file.py", "open"): "the settings file",
    Use("open", "cli/shared.py", "open"): "named on the command line",
    Use("open", "cli/validate.py", "open"): "named on the command line",
    Use("open", "validation/installed.py", "path.read_bytes"): "a file of an installed package",
    Use("open", "io/disk_cache.py", "open"): "its own directory, which is private",
    Use("open", "io/executables.py", "open"): "an executable that is copied before it is run",
    Use("open", "io/executables.py", "os.open"): "an executable that is copied before it is run",
    Use("open", "io/git_object_size.py", "open"): "the objects of a repository",
    Use("open", "io/remote/git.py", "open"): "its own directory, which is private",
    Use("open", "io/remote/store.py", "open"): "its own directory, which is private",
    Use("open", "io/runner.py", "open"): "the environment of this process, and a new temporary file",
    Use("open", "io/system.py", "open"): "a new temporary file",
    Use("open", "io/system.py", "os.open"): "a new temporary file",
    Use("open", "io/tree.py", "os.open"): "the trees themselves: step by step, without following links",
    # strings that are no messages, or that have no secrets
    Use("url", "engines/helm/sources/manage.py", "dependency.repository"): "the reference to a chart",
    Use("url", "io/remote/oci.py", "realm"): "the URL of a request",
    Use("url", "io/remote/fetched_objects.py", "url"): "the URL of a submodule",
    Use("url", "io/remote/urls.py", "self.clone_url"): "it is masked as a whole",
}  # fmt: skip
"""The uses that are right, each with the reason."""

_CUTTING_METHODS = ("lstrip", "partition", "removeprefix", "split")
_BROAD = ("", "BaseException", "Exception")
_FILE_METHODS = (".read_bytes", ".read_text", ".write_bytes", ".write_text")
_PYTHON_ERRORS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception)
)
_URL_NAME = re.compile(r"(^|_)(url|urls|uri|realm|clone_url|repository|repo)$")
_MASKING = {"mask_url", "mask_urls", "shown_entry", "_error_summary"}


def find_uses(file: str, text: str) -> Iterator[Use]:
    """Yield the uses in the text of a module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.While | ast.For):
            for code in _front_cuts(node):
                yield Use("front", file, code)
        elif isinstance(node, ast.Raise) and node.exc is not None:
            name = ast.unparse(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
            if name in _PYTHON_ERRORS:
                yield Use("raise", file, name)
        elif isinstance(node, ast.ExceptHandler):
            name = ast.unparse(node.type) if node.type is not None else ""
            if name in _BROAD:
                yield Use("catch", file, name)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("open", "io.open", "os.open") or name.endswith(_FILE_METHODS):
                yield Use("open", file, name)
        elif isinstance(node, ast.FormattedValue):
            for name in url_names(node.value):
                yield Use("url", file, name)


def _front_cuts(loop: ast.While | ast.For) -> Iterator[str]:
    """Yield the statements of a loop that cut the front off what the loop reads."""
    for node in ast.walk(loop):
        if (isinstance(node, ast.Assign) and any(map(_cuts_front(node.value), _targets(node)))) or (
            isinstance(node, ast.Call) and ast.unparse(node).endswith(".pop(0)")
        ):
            yield ast.unparse(node)


def _targets(node: ast.Assign) -> Iterator[str]:
    for target in node.targets:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        yield from map(ast.unparse, names)


def _cuts_front(value: ast.expr) -> Callable[[str], bool]:
    """Return a test whether the front of the variable with this name is cut off."""
    cut: set[str] = set()
    for node in ast.walk(value):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            if node.slice.lower is not None and node.slice.upper is None:
                cut.add(ast.unparse(node.value))
        elif isinstance(node, ast.Attribute) and node.attr in _CUTTING_METHODS:
            cut.add(ast.unparse(node.value))
    return cut.__contains__


def url_names(node: ast.AST) -> Iterator[str]:
    """Yield each expression that is a URL by its name and is not masked."""
    if isinstance(node, ast.Call):
        function = node.func
        name = getattr(function, "id", None) or getattr(function, "attr", "")
        if name in _MASKING or any(getattr(each, "id", "") in _MASKING for each in node.args):
            return
    if isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        if _URL_NAME.search(name) and not name.startswith("shown_"):
            yield ast.unparse(node)
        return
    for child in ast.iter_child_nodes(node):
        yield from url_names(child)


def all_uses() -> set[Use]:
    """Return the uses in the package."""
    return {
        use
        for path in SOURCE.rglob("*.py")
        for use in find_uses(path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8"))
    }


def main() -> int:
    """Print what is not allowed, and what is allowed but not there. The exit code is 1 if there is any."""
    found = all_uses()
    for use in sorted(found - set(ALLOWED)):
        print(f"{use.file}: {use.kind}: {use.code}")
    for use in sorted(set(ALLOWED) - found):
        print(f"{use.file}: {use.kind}: {use.code}: allowed, but not there")
    return 0 if found == set(ALLOWED) else 1


if __name__ == "__main__":
    sys.exit(main())
