"""Execution template cases here in the same way as the Go program tests/property/gotemplate_oracle.go."""

import base64
from collections.abc import Mapping
from typing import Any

from kmanifest.engines.helm.gotemplate import gofmt
from kmanifest.engines.helm.gotemplate.execute import Execution
from kmanifest.engines.helm.gotemplate.parsers import CachingParser
from kmanifest.engines.helm.gotemplate.suspending import TemplateCall
from kmanifest.engines.helm.gotemplate.templates import TemplateSet
from kmanifest.engines.helm.gotemplate.values import (
    Function,
    GoError,
    Int32,
    Int64,
    StringMap,
    Strings,
    Uint8,
)
from kmanifest.model.errors import LimitError

Case = Mapping[str, Any]
Answer = tuple[str, bytes]
"""`o` and the output, `e` and the error message, or `l` and the message of an exceeded limit."""

ANY = "interface {}"
TYPES: Mapping[str, Any] = {
    "int64": Int64,
    "int32": Int32,
    "uint8": Uint8,
    "strings": Strings,
    "strmap": StringMap,
    "bytes": base64.b64decode,
    "raw": lambda text: base64.b64decode(text).decode("utf-8", "surrogateescape"),
    "float": float,
}


def load_value(data: Any) -> Any:
    """Return a value from JSON.

    `{"$t": type, "v": value}` is a value that JSON can't represent.
    """
    if isinstance(data, list):
        return [load_value(element) for element in data]
    if not isinstance(data, dict):
        return data
    if "$t" in data:
        return TYPES[data["$t"]](load_value(data["v"]))
    return {key: load_value(element) for key, element in data.items()}


SUSPENDING = ("include",)


def functions() -> dict[str, Function]:
    """Return the functions of the Go program."""

    def ferr(value: Any) -> Any:
        raise GoError(f"bad: {gofmt.sprint([value])}")

    def include(name: str, data: Any) -> TemplateCall:
        return name, data, None, None, None, None

    table: tuple[tuple[str, Any, tuple[str, ...], str], ...] = (
        ("include", include, ("string", ANY), "string"),
        ("fstring", lambda text: f"<{text}>", ("string",), "string"),
        ("fint", lambda number: (number + 1 + 2**63) % 2**64 - 2**63, ("int",), "int"),
        ("fint64", lambda number: Int64(number + 1), ("int64",), "int64"),
        ("fuint8", lambda number: number, ("uint8",), "uint8"),
        ("ffloat", lambda number: number / 2, ("float64",), "float64"),
        ("fbool", lambda value: not value, ("bool",), "bool"),
        ("flist", len, ("[]interface {}",), "int"),
        ("fmap", len, ("map[string]interface {}",), "int"),
        ("fstrs", "+".join, ("[]string",), "string"),
        ("fany", lambda value: value, (ANY,), ANY),
        ("fvar", lambda text, *more: text + str(len(more)), ("string", "..." + ANY), "string"),
        ("fvars", lambda *texts: "/".join(texts), ("...string",), "string"),
        ("fnil", lambda: None, (), ANY),
        ("fmapv", lambda: {"a": 1, "n": None, "l": [None, "x"]}, (), "map[string]interface {}"),
        ("ferr", ferr, (ANY,), ANY),
        ("flistv", lambda *values: list(values), ("..." + ANY,), "[]interface {}"),
    )
    return {
        name: Function(call, takes, gives, suspending=name in SUSPENDING)
        for name, call, takes, gives in table
    }


def template_text(case: Case) -> str:
    """Return the text of the template, which may contain any bytes."""
    if case.get("b64"):
        return base64.b64decode(case["b64"]).decode("utf-8", "surrogateescape")
    return str(case["template"])


def run_case(case: Case, parser: CachingParser | None = None) -> Answer:
    """Return kmanifest's answer to a case."""
    table = functions()
    texts_by_name = {
        **dict(sorted((case.get("templates") or {}).items())),
        "t": template_text(case),
    }
    missing_key: Any = case.get("missingkey") or "default"
    parser = parser or CachingParser(table, SUSPENDING)
    try:
        parse_results = [parser.parse(name, text) for name, text in texts_by_name.items()]
        templates = TemplateSet("root").with_parsed(*parse_results)
        execution = Execution(templates, table, missing_key=missing_key, suspending=SUSPENDING)
        output = execution.execute("t", load_value(case["data"]))
    except GoError as error:
        return "e", str(error).encode("utf-8", "surrogateescape")
    except LimitError as error:
        return "l", str(error).encode()
    return "o", output.encode("utf-8", "surrogateescape")
