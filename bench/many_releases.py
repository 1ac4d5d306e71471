"""Render many releases of one chart in one process, to compare with one `helm template` for each.

    python bench/many_releases.py CHART 'values-*.yaml' OUT

Each file that matches the pattern has the values of one release, `rel` in the namespace `ns`, whose output is OUT/FILE. The chart
is loaded once.
"""

import gc
import glob
import os
import sys

from kmanifest import MemoryCache
from kmanifest.helm import Release, ValueSources, load_chart, render_chart
from kmanifest.io.tree import tree_at


def main() -> int:
    """Render all releases and return the exit code."""
    place, pattern, out = sys.argv[1:]
    gc.disable()  # as the command does
    cache = MemoryCache()
    chart = load_chart(*tree_at(place))
    for path in sorted(glob.glob(pattern)):
        rendered = render_chart(
            chart,
            sources=ValueSources(files=(path,)),
            release=Release("rel", "ns"),
            cache=cache,
        )
        with open(os.path.join(out, os.path.basename(path)), "wb") as stream:
            stream.write(rendered.text().encode("utf-8", "surrogateescape"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
