"""Exchange files and directories for links while they are read and written: nothing outside is ever touched.

    python -m tests.property.link_races --tries 20000

A thread exchanges a path in the project with a link out of it, in one step of the system. Each way to read or write is
tried again and again meanwhile. The script prints for each way how often it had the content inside, was refused, and had
the content outside, which must be 0. It ends with exit code 1 otherwise.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kmanifest import Options, build
from kmanifest.cli.writer import read_below, write_files
from kmanifest.helm import ValueSources, render_chart
from kmanifest.io.local_tree import Boundary, LocalTree, open_named
from kmanifest.io.tree import DiskTree
from kmanifest.model.errors import KmanifestError
from tests.exchange import Exchanging

INSIDE: Final = "inside"
OUTSIDE: Final = "outside"
REFUSED: Final = "refused"
_CHART: Final = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
_TEMPLATE: Final = 'text: {{ .Files.Get "d/f" | quote }}\n'
_KUSTOMIZATION: Final = "configMapGenerator:\n- {name: m, files: [d/f]}\n"

Way = Callable[[Path], str]


def _read_tree(project: Path) -> str:
    tree = DiskTree(project)
    return tree.read(tree.resolve("d/f"), limit=1000).decode()


def _read_local(project: Path) -> str:
    tree = LocalTree(Boundary(str(project), bounds_paths=False))
    return tree.read(tree.resolve(f"{project}/d/f"), limit=1000).decode()


def _list(project: Path) -> str:
    tree = LocalTree(Boundary(str(project), bounds_paths=True))
    names = tree.list(tree.resolve(f"{project}/d"))
    return OUTSIDE if "outside-name" in names else INSIDE


def _build(project: Path) -> str:
    return build(project, options=Options(load_restrictor="none"), root=project).text()


def _build_untrusted(project: Path) -> str:
    return build(project, options=Options.untrusted(project)).text()


def _build_chart(project: Path) -> str:
    return build(project / "chart", root=project).text()


def _render(project: Path) -> str:
    return render_chart(project / "chart", root=project).text()


def _values(project: Path) -> str:
    sources = ValueSources(contents=(f"text={project}/d/f",))
    return str(render_chart(project / "plain", sources=sources, root=project).text())


def _named(project: Path) -> str:
    boundary = Boundary(str(project), bounds_paths=True)
    with open(open_named(f"{project}/d/f", boundary), "rb") as stream:
        return stream.read().decode()


def _write(project: Path) -> str:
    write_files(str(project), {"d/w": b"written"})
    outside = project.parent / "out" / "w"
    return OUTSIDE if outside.exists() else INSIDE


def _read_output(project: Path) -> str:
    return (read_below(str(project), "d/f") or b"").decode() or REFUSED


READS: Final[dict[str, Way]] = {
    "DiskTree.read": _read_tree,
    "LocalTree.read": _read_local,
    "LocalTree.list": _list,
    "build": _build,
    "build, untrusted": _build_untrusted,
    "build of a chart": _build_chart,
    "render_chart": _render,
    "--set-file": _values,
    "-f": _named,
    "--output-dir, existing files": _read_output,
}
WRITES: Final[dict[str, Way]] = {"--output-dir": _write}


def make_project(top: Path) -> Path:
    """Create a project, and a directory outside of it with the same names."""
    project = top / "project"
    files = {
        "project/d/f": INSIDE,
        "project/chart/Chart.yaml": _CHART,
        "project/chart/templates/a.yaml": _TEMPLATE,
        "project/plain/Chart.yaml": _CHART,
        "project/plain/templates/a.yaml": "text: {{ .Values.text }}\n",
        "project/kustomization.yaml": _KUSTOMIZATION,
        "out/f": OUTSIDE,
        "out/outside-name": "",
    }
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    (project / "chart/d").symlink_to("../d")
    (project / "link-d").symlink_to("../out")
    (project / "link-f").symlink_to("../out/f")
    return project


def race(project: Path, way: Way, tries: int, exchanged: str) -> Counter[str]:
    """Try a way while `exchanged`, `d` or `d/f`, is exchanged for a link. Return the number of each outcome."""
    links = {"d": project / "link-d", "d/f": project / "link-f"}
    outcomes: Counter[str] = Counter()
    with Exchanging(project / exchanged, links[exchanged]):
        for _ in range(tries):
            try:
                text = way(project)
            except (KmanifestError, OSError):
                outcomes[REFUSED] += 1
                continue
            outcomes[OUTSIDE if OUTSIDE in text else INSIDE if text != REFUSED else REFUSED] += 1
    return outcomes


def main() -> int:
    """Race all ways and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tries", type=int, default=20_000)
    tries = parser.parse_args().tries
    is_safe = True
    for exchanged in ("d", "d/f"):
        for name, way in {**READS, **WRITES}.items():
            with tempfile.TemporaryDirectory() as directory:
                outcomes = race(make_project(Path(directory).resolve()), way, tries, exchanged)
            is_safe = is_safe and not outcomes[OUTSIDE]
            counts = ", ".join(f"{outcomes[each]} {each}" for each in (INSIDE, REFUSED, OUTSIDE))
            print(f"{exchanged:4} {name:30} {counts}", flush=True)
    return 0 if is_safe else 1


if __name__ == "__main__":
    sys.exit(main())
