"""Writes `src/kmanifest/engines/helm/lint/deprecations.py`: when each API of Kubernetes was deprecated, as `helm lint` tells it.

    python schemas/generate_deprecations.py "$(go list -m -f '{{.Dir}}' k8s.io/api)"

Source: k8s.io/api, the methods that prerelease-lifecycle-gen has made.
"""

import re
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src/kmanifest/engines/helm/lint/deprecations.py"
HEAD = '''"""When each API of Kubernetes was deprecated and removed, and what takes its place; made by `schemas/generate_deprecations.py`.

Source: k8s.io/api {version}, zz_generated.prerelease-lifecycle.go of each group and version.
"""

from kmanifest.startup.typing import Final

DEPRECATIONS: Final[dict[str, tuple[str, str, str]]] = {{
    # "group/version Kind": deprecated in, removed in, what to use
'''
METHOD = re.compile(
    r"func \(in \*(\w+)\) APILifecycle(Deprecated|Removed|Replacement)\(\)[^\n]*\n\treturn ([^\n]*)"
)
KIND = re.compile(r'Group: "([^"]*)", Version: "([^"]*)", Kind: "([^"]*)"')


def rows(api: Path) -> list[str]:
    """The lines of the table."""
    lines = []
    for path in sorted(api.glob("*/*/zz_generated.prerelease-lifecycle.go")):
        register = (path.parent / "register.go").read_text(encoding="utf-8")
        match = re.search(r'const GroupName = "([^"]*)"', register)
        group = match[1] if match else ""
        version = f"{group}/{path.parent.name}" if group else path.parent.name
        lifecycles: dict[str, dict[str, str]] = {}
        for kind, event, value in METHOD.findall(path.read_text(encoding="utf-8")):
            lifecycles.setdefault(kind, {})[event] = value
        for kind, lifecycle in sorted(lifecycles.items()):
            if "Deprecated" not in lifecycle or lifecycle["Deprecated"] == "0, 0":
                continue
            replacement = KIND.search(lifecycle.get("Replacement", ""))
            replacement_version = (
                "/".join(part for part in replacement.groups()[:2] if part) if replacement else ""
            )
            removed = lifecycle.get("Removed", "").replace(", ", ".")
            cells = (
                lifecycle["Deprecated"].replace(", ", "."),
                removed,
                f"{replacement_version} {replacement[3]}" if replacement else "",
            )
            lines.append(
                f'    "{version} {kind}": ({", ".join(repr(cell) for cell in cells)}),\n'.replace(
                    "'", '"'
                )
            )
    return lines


def main(arguments: list[str]) -> int:
    """Write the table."""
    api = Path(arguments[0])
    version = api.name.partition("@")[2]
    TARGET.write_text(HEAD.format(version=version) + "".join(rows(api)) + "}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
