"""Render many charts in one process, to compare with one `helm template` for each.

    python bench/many_charts.py COMMANDS.json OUT

COMMANDS.json is a list of argument lists for `helm template`: a name, a directory, and any of `--namespace`, `--kube-version` and
`-f`. Their outputs are OUT/0000.yaml, OUT/0001.yaml and so on. If one fails, its file is empty and the exit code is 1. The renders
share a MemoryCache that starts empty.
"""

import gc
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from kmanifest import MemoryCache
from kmanifest.helm import Release, ValueSources, render_chart
from kmanifest.model.errors import KmanifestError


def render(arguments: Sequence[str], cache: MemoryCache) -> bytes:
    """Return the output of one command."""
    name, chart, *rest = arguments
    flags = dict(zip(rest[::2], rest[1::2], strict=True))
    values = flags.get("-f", "")
    rendered = render_chart(
        chart,
        sources=ValueSources(files=(values,) if values else ()),
        release=Release(name, flags.get("--namespace", "default")),
        kube_version=flags.get("--kube-version", ""),
        cache=cache,
    )
    return rendered.text().encode("utf-8", "surrogateescape")


def main() -> int:
    """Render all charts and return the exit code."""
    commands, out = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2])
    gc.disable()  # as the command does
    cache = MemoryCache()
    code = 0
    for number, arguments in enumerate(commands):
        try:
            text = render(arguments, cache)
        except KmanifestError as error:
            print(f"{arguments[1]}: {error}", file=sys.stderr)
            text, code = b"", 1
        (out / f"{number:04d}.yaml").write_bytes(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
