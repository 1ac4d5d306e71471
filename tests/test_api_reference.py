"""docs/reference/api.md is complete, equals the code, and its examples are true."""

import ast
import doctest
import importlib
import io

import pytest

import kmanifest
from kmanifest import helm, plugin
from tests import api_reference
from tests.api_reference import PAGE, SOURCE, Entry

ENTRIES = api_reference.entries()
DESCRIBED_IN_PROSE = {"__version__", "hookimpl"}


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == api_reference.write_page(), (
        "python -m tests.api_reference"
    )


def test_every_public_name_has_one_entry():
    names = [entry.name for entry in ENTRIES]
    public = {*kmanifest.__all__, *helm.__all__, *plugin.__all__}
    assert sorted(names) == sorted(public - DESCRIBED_IN_PROSE)
    prose = api_reference.TEMPLATE.read_text(encoding="utf-8")
    assert [name for name in DESCRIBED_IN_PROSE if f"{name}`" not in prose] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_examples_are_true(entry: Entry):
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    report = io.StringIO()
    examples = 0
    for name, doc in api_reference.docstrings(entry):
        test = parser.get_doctest(doc, {}, name, None, 0)
        examples += len(test.examples)
        runner.run(test, out=report.write)
    assert report.getvalue() == ""
    assert examples > 0, "no example"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_field_is_described(entry: Entry):
    if isinstance(entry.node, ast.ClassDef):
        rows = api_reference.field_rows(entry.node, entry.doc)
        assert [name for name, _, _, meaning in rows if not meaning] == []


def test_a_page_has_every_code():
    page = PAGE.read_text(encoding="utf-8")
    assert "| `deprecated` |" in page
    assert "| [`CancelledError`](#cancellederror) | `LimitError` | `cancelled` |" in page


def modules_with_examples() -> list[str]:
    files = [file for file in SOURCE.rglob("*.py") if ">>> " in file.read_text(encoding="utf-8")]
    paths = [file.relative_to(SOURCE.parent).with_suffix("") for file in sorted(files)]
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_of_all_modules(name: str):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
