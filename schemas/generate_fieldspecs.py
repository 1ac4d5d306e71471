"""Makes src/kmanifest/engines/kustomize/defaults.py from the field specs that are compiled into kustomize.

Usage: python schemas/generate_fieldspecs.py DIRECTORY
where DIRECTORY is api/internal/konfig/builtinpluginconsts of kustomize (api v0.21.2, the one in kustomize v5.8.2).
Needs the project installed (PyYAML comes with it). The order is the one after TransformerConfig.sortFields.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from kmanifest.engines.kustomize.config import TABLES
from kmanifest.engines.kustomize.sorting import LEGACY_RANK

OUTPUT = Path(__file__).parents[1] / "src/kmanifest/engines/kustomize/defaults.py"
HEAD = '''"""The default field specs of kustomize v5.8.2, as data: (path, group, version, kind, create).

Made by schemas/generate_fieldspecs.py from api/internal/konfig/builtinpluginconsts; do not edit by hand.
Plain tuples, because Python loads those as constants, at no cost when the module is imported.
"""

from kmanifest.startup.typing import Final

'''


def gvk_order(spec: dict[str, Any]) -> tuple[int, str]:
    names = (spec.get("group") or "~G", spec.get("version") or "~V", spec.get("kind") or "~K")
    return LEGACY_RANK.get(spec.get("kind", ""), 0), "_".join(names)


def constants(directory: Path) -> dict[str, Any]:
    """Every table, from constants that are sums of raw strings and of other constants."""
    sums = {}
    for source in sorted(directory.glob("*.go")):
        for name, value in re.findall(
            r"(\w+)\s*=\s*((?:\w+\s*\+\s*)*`[^`]*`(?:\s*\+\s*(?:`[^`]*`|\w+))*)", source.read_text()
        ):
            sums[name] = re.findall(r"`([^`]*)`|(\w+)", value)

    def text(name: str) -> str:
        return "".join(raw or (text(other) if other else "") for raw, other in sums[name])

    documents = [yaml.safe_load(text(name)) for name in sums]
    return {
        key: rows
        for document in documents
        if isinstance(document, dict)
        for key, rows in document.items()
    }


def spec_tuple(spec: dict[str, Any]) -> tuple[str, str, str, str, bool]:
    return (
        spec["path"],
        spec.get("group", ""),
        spec.get("version", ""),
        spec.get("kind", ""),
        bool(spec.get("create", False)),
    )


def literal(rows: list[Any], indent: str = "    ") -> str:
    if not rows:
        return "()"
    return "(\n" + "".join(f"{indent}{quoted(row)},\n" for row in rows) + indent[4:] + ")"


def quoted(row: tuple[Any, ...]) -> str:
    cells = ", ".join(json.dumps(cell) if isinstance(cell, str) else repr(cell) for cell in row)
    return f"({cells})"


def constant_name(table: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", table).upper()


def main() -> None:
    tables = constants(Path(sys.argv[1]))
    text = HEAD
    text += "Spec = tuple[str, str, str, str, bool]\nReference = tuple[str, str, str, tuple[Spec, ...]]\n"
    for table in TABLES:
        rows = [spec_tuple(spec) for spec in sorted(tables.get(table) or [], key=gvk_order)]
        text += f"\n{constant_name(table)}: Final[tuple[Spec, ...]] = {literal(rows)}\n"
    text += "\n# (group, version, kind of what is referred to, where it is referred to)\n"
    text += "NAME_REFERENCE: Final[tuple[Reference, ...]] = (\n"
    for target in sorted(tables["nameReference"], key=gvk_order):
        head = ", ".join(f'"{target.get(part, "")}"' for part in ("group", "version", "kind"))
        rows = [spec_tuple(spec) for spec in sorted(target["fieldSpecs"], key=gvk_order)]
        text += f"    (\n        {head},\n        {literal(rows, '            ')},\n    ),\n"
    OUTPUT.write_text(text + ")\n")


main()
