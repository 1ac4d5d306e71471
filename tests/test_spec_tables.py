"""Every row of two tables: the value of a YAML text, and the text of a value.

The tables are next to the project, not in it; without them the tests are skipped. The rows were recorded from go-yaml v2
and v3 and sigs.k8s.io/yaml as libraries (`*_path_*`, `sigs_*`) and from `kustomize build` (`*_build_*`).
"""

import json
from pathlib import Path
from typing import Any

import pytest

from kmanifest.model.errors import KmanifestError
from kmanifest.yaml import dump, load_documents, load_values

TABLES = Path(__file__).parents[2] / "shared" / "spec"

# Rows that kmanifest does not follow, by column and input, with the reason.
NULL_KEY = (
    "the library call leaves out kyaml's DeAnchor, with which `kustomize build` refuses null keys"
)
NOT_SPLIT = "the library call gets the whole text; kyaml first cuts it at `---`, and this part is then not YAML"
DROPPED = "the library call leaves out kyaml's DeAnchor, which drops a quoted `<<`"
NO_OBJECT = (
    "the library call prints a null document as {}; kyaml leaves it out, and here it is None"
)
LOAD_EXCEPTIONS = {
    ("path", "null: a\n"): NULL_KEY,
    ("path", "~: a\n"): NULL_KEY,
    ("path", '"<<": {a: 1}\nb: 1\n'): DROPPED,
    ("path", "%YAML 1.1\n---\na: on\n"): NOT_SPLIT,
    ("path", "%TAG !e! tag:example.com,2000:\n---\na: !e!foo bar\n"): NOT_SPLIT,
    ("path", "---\n"): NO_OBJECT,
    ("path", "---\n...\n"): NO_OBJECT,
    ("path", "---\n---\na: 1\n"): NO_OBJECT,
}
RANDOM_ORDER = (
    "go-yaml's order of these keys is not transitive, so Go's output changes from run to run"
)
DUMP_EXCEPTIONS = {
    json.dumps({"<<": "v"}): DROPPED,
    json.dumps({"k": {"v1": 1, "v1beta1": 2, "v10": 3, "v2": 4, "v1alpha1": 5}}): RANDOM_ORDER,
}

OBJECT = "apiVersion: example.com/v1\nkind: T\nmetadata:\n  name: r\nspec:\n"
REFUSED = "refused"


def rows(name: str) -> list[Any]:
    table = TABLES / name
    if not table.exists():
        return []
    lines = table.read_text("utf-8").splitlines()
    return [pytest.param(json.loads(line), id=str(number)) for number, line in enumerate(lines, 1)]


SCALARS = rows("scalars.jsonl")
VALUES = rows("emit.jsonl")
needs_tables = pytest.mark.skipif(not SCALARS, reason="the tables (../shared/spec) are not here")


def outcome(text: str, function: Any) -> Any:
    """Return the result of `function` for the text, or REFUSED."""
    try:
        return function(text.encode("utf-8", "surrogatepass"))
    except KmanifestError:
        return REFUSED


def printed(data: bytes) -> str:
    return dump(load_documents(data)[0])


def without_indent(text: str) -> str:
    return "".join(line.removeprefix("  ") for line in text.splitlines(keepends=True))


@needs_tables
@pytest.mark.parametrize("row", SCALARS)
def test_resource_file(row: dict[str, Any]) -> None:
    if ("path", row["input"]) in LOAD_EXCEPTIONS:
        pytest.skip(LOAD_EXCEPTIONS["path", row["input"]])
    refusal = row.get("kustomize_path_error", "")
    if "into map[string]" in refusal:
        return  # loaded, but not an object: an error of the caller
    assert outcome(row["input"], printed) == (REFUSED if refusal else row["kustomize_path_yaml"])


@needs_tables
@pytest.mark.parametrize("row", SCALARS)
def test_within_an_object(row: dict[str, Any]) -> None:
    if not {"kustomize_build_spec", "kustomize_build_error"} & row.keys():
        return  # can't be part of an object
    lines = row["input"].split("\n")[:-1]
    text = OBJECT + "".join(f"  {line}\n" if line else "\n" for line in lines)
    got = outcome(text, printed)
    if "kustomize_build_error" in row:
        assert got == REFUSED
    else:
        assert (
            without_indent(got.partition("\nspec:")[2].lstrip("\n")) == row["kustomize_build_spec"]
        )


@needs_tables
@pytest.mark.parametrize("row", SCALARS)
def test_values_file(row: dict[str, Any]) -> None:
    got = outcome(row["input"], load_values)
    if "sigs_yaml_error" in row:
        assert got == REFUSED
    else:
        # Go prints the shortest digits of a float, Python all of an integer's: compared as floats.
        assert json.loads(json.dumps(got), parse_int=float) == json.loads(
            row["sigs_yaml_json"], parse_int=float
        )


@needs_tables
@pytest.mark.parametrize("row", VALUES)
def test_printed_value(row: dict[str, Any]) -> None:
    value = row["value"]
    if DUMP_EXCEPTIONS.get(json.dumps(value)) == RANDOM_ORDER:
        pytest.skip(RANDOM_ORDER)
    try:
        got = dump(value)
    except KmanifestError:
        got = REFUSED
    # The table's library kept the text of a number (1000000.0), which a float does not have.
    is_float = "sigs_yaml_if_float64" in row and isinstance(value["k"], float)
    assert got == row.get("sigs_yaml_if_float64" if is_float else "sigs_yaml", REFUSED)


@needs_tables
@pytest.mark.parametrize("row", VALUES)
def test_value_through_a_resource_file(row: dict[str, Any]) -> None:
    """A value as JSON, which is YAML too, is loaded from a file and printed."""
    value = row["value"]
    if json.dumps(value) in DUMP_EXCEPTIONS or "kustomize_path" not in row:
        return
    text = json.dumps(value, ensure_ascii=False)
    assert outcome(text, printed) == row["kustomize_path"]
