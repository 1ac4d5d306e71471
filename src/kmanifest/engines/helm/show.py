"""The output of `helm show`.

Source: helm v3.22.0 pkg/action/show.go, Run.
"""

from kmanifest.engines.helm.charts.archive import File
from kmanifest.engines.helm.charts.chart import Chart
from kmanifest.engines.helm.objects.builtin import go_string
from kmanifest.startup.typing import Final

_README: Final = ("readme.md", "readme.txt", "readme")


def show_chart(chart: Chart, part: str) -> str:
    """Return one part of a chart (`chart`, `values`, `readme`, `crds`), or `all` of them."""
    shows_all = part == "all"
    output = ""
    if shows_all or part == "chart":
        from kmanifest.engines.helm.formats.serialization import to_yaml

        output += f"{to_yaml(chart.metadata.object())}\n\n"
    if (shows_all or part == "values") and chart.has_values:
        output += "---\n" if shows_all else ""
        output += "".join(
            f"{go_string(file.data)}\n" for file in chart.raw if file.name == "values.yaml"
        )
    if shows_all or part == "readme":
        readme = _find_readme(chart)
        if readme is not None:
            output += "---\n" if shows_all else ""
            output += f"{go_string(readme.data)}\n"
    if shows_all or part == "crds":
        crds = [go_string(crd.data) for crd in chart.crds()]
        if crds and shows_all and not crds[0].startswith("---"):
            output += "---\n"
        output += "".join(f"{text}\n" for text in crds)
    return output


def _find_readme(chart: Chart) -> File | None:
    for file in chart.files:
        if file.name.lower() in _README:
            return file
    return None
