"""Fixtures of the generators of kmanifest: each is a kustomization, and what a peer prints for the same values.

`case.toml` has `description`, `peer` (`helm`, `jsonnet` or `jinja2`), `version` and `args`. The peer runs in the
directory `input`: `helm template ARGS`, `jsonnet ARGS`, or jinja2 with the template ARGS. `values.json` and `env.json` in
it are the mappings that the config of the generator has under `values` and `env`; a test compares them.

`expected.yaml` is the result of a kustomization whose only resource is the peer's output, as kustomize prints it.
"""

import json
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from tests.cases import FIXTURES, reason_missing

DIRECTORY = FIXTURES / "generators"
KUSTOMIZE = "v5.8.2"


class GeneratorCase(NamedTuple):
    """One fixture."""

    name: str
    directory: Path
    peer: str
    version: str
    args: tuple[str, ...]

    @property
    def input(self) -> Path:
        return self.directory / "input"

    @property
    def expected(self) -> Path:
        return self.directory / "expected.yaml"


def find_cases(pattern: str = "*") -> list[GeneratorCase]:
    """Return the fixtures whose name matches a glob."""
    return [_load(path.parent) for path in sorted(DIRECTORY.glob(f"{pattern}/case.toml"))]


def _load(directory: Path) -> GeneratorCase:
    settings = tomllib.loads((directory / "case.toml").read_text(encoding="utf-8"))
    args = tuple(settings["args"])
    return GeneratorCase(directory.name, directory, settings["peer"], settings["version"], args)


def load_mapping(case: GeneratorCase, name: str) -> Any:
    """Return the mapping `values` or `env` that the peer gets; empty if there is none."""
    path = case.input / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def peer_missing(case: GeneratorCase) -> str:
    """Return the reason why a peer of a case can't run, or an empty string."""
    if case.peer == "jinja2":
        version = jinja2.__version__
        if version != case.version:
            return f"jinja2 is {version}, not {case.version}"
    elif case.peer == "jsonnet":
        if shutil.which("jsonnet") is None:
            return "jsonnet is not on PATH"
        result = subprocess.run(
            ["jsonnet", "--version"], capture_output=True, text=True, check=False
        )
        if case.version not in result.stdout:
            return f"jsonnet is {result.stdout.strip()}, not {case.version}"
    elif reason := reason_missing(case.peer, case.version):
        return reason
    return reason_missing("kustomize", KUSTOMIZE)


def run_peer(case: GeneratorCase) -> bytes:
    """Return what kustomize prints for the output of the peer."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "all.yaml").write_bytes(_run_language(case))
        (Path(directory) / "kustomization.yaml").write_text("resources: [all.yaml]\n")
        return _run(["kustomize", "build", directory], case.input)


def _run_language(case: GeneratorCase) -> bytes:
    if case.peer == "jinja2":
        return _run_jinja2(case)
    verb = ["template"] if case.peer == "helm" else []
    return _run([case.peer, *verb, *case.args], case.input)


def _run(command: list[str], directory: Path) -> bytes:
    return subprocess.run(
        command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, check=True
    ).stdout


def _run_jinja2(case: GeneratorCase) -> bytes:
    environment = jinja2.Environment(  # noqa: S701 - manifests are not HTML
        loader=jinja2.FileSystemLoader(case.input),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    (name,) = case.args
    values = {each: load_mapping(case, each) for each in ("values", "env")}
    return environment.get_template(name).render(values).encode()


def differences(case: GeneratorCase) -> dict[Path, bytes | None]:
    """Return the expected result of a case if it differs from that of the peer, with the right content."""
    output = run_peer(case)
    current = case.expected.read_bytes() if case.expected.exists() else None
    return {} if current == output else {case.expected: output}
