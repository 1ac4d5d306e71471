"""`--post-renderer` beyond Helm's features: Kustomize transformers and components, permissions, and limits."""

import sys
from pathlib import Path

import pytest

from kmanifest import MemoryTree
from kmanifest.helm import render_chart
from tests.chart_fixtures import problem

pytestmark = pytest.mark.usefixtures("isolated_home")

FILES = {
    "Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
    "templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: zz}\ndata: {one: '1'}\n",
    "templates/b.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
    "spec: {containers: [{name: c, image: busybox, envFrom: [{configMapRef: {name: zz}}]}]}\n",
    "templates/h.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: h, annotations: {helm.sh/hook: test}}\n",
}
HOOK = f"---\n# Source: c/templates/h.yaml\n{FILES['templates/h.yaml']}"
PREFIX = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: my-\nfieldSpecs: [{path: metadata/name}]\n"
FUNCTION = """\
apiVersion: example.org/v1
kind: Mark
metadata:
  name: mark
  annotations:
    config.kubernetes.io/function: |
      exec: {path: ./mark.py}
"""
MARK = f"""#!{sys.executable}
import sys
print(sys.stdin.read().replace("busybox", "marked"))
"""


@pytest.fixture
def chart():
    """Create a chart in the current directory."""
    for name, text in FILES.items():
        path = Path("c", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def write(name: str, text: str, mode: int = 0o644) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def test_a_transformer(chart, run):
    write("post/prefix.yaml", PREFIX)
    outcome = run("template", "c", "--post-renderer", "post/prefix.yaml")
    assert outcome.code == 0, outcome.errors
    first, second, hook = outcome.output.split("---\n", 2)
    # In Helm's order, with updated references to renamed objects, and without hooks.
    assert "name: my-zz" in first
    assert "name: my-a" in second
    assert "configMapRef:\n        name: my-zz" in second
    assert "---\n" + hook == HOOK


def test_a_component(chart, run):
    write(
        "post/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "images: [{name: busybox, newTag: v9}]\nconfigMapGenerator: [{name: zz, behavior: merge, literals: [two=2]}]\n",
    )
    outcome = run("template", "c", "--post-renderer", "post", "--no-hooks")
    assert outcome.code == 0, outcome.errors
    assert "image: busybox:v9" in outcome.output
    assert 'one: "1"\n  two: "2"' in outcome.output


def test_a_step_without_effect_is_reported_with_its_location(chart, run):
    write("post/kustomization.yaml", "namePrefix: my-\n")
    said = problem(run("template", "c", "--post-renderer", "post"))
    assert "post" in said
    assert "Component" in said
    write("bad.yaml", "kind: [\n")
    assert "bad.yaml" in problem(run("template", "c", "--post-renderer", "bad.yaml"))
    write("strange.yaml", PREFIX.replace("PrefixT", "PrefiksT"))
    assert "PrefiksTransformer" in problem(run("template", "c", "--post-renderer", "strange.yaml"))
    write("prefix.yaml", PREFIX)
    arguments = ("--post-renderer", "prefix.yaml", "--output-dir", "out")
    assert "use only one of --output-dir and --post-renderer" in problem(
        run("template", "c", *arguments)
    )


@pytest.mark.skipif(sys.platform == "win32", reason="programs are not run on Windows")
def test_a_function_needs_the_permissions_of_a_build(chart, run):
    write("post/mark.yaml", FUNCTION)
    write("post/mark.py", MARK, 0o755)
    arguments = ("template", "c", "--no-hooks", "--post-renderer", "post/mark.yaml")
    assert "external plugins disabled" in problem(run(*arguments))
    assert problem(run(*arguments, "--enable-alpha-plugins"))
    outcome = run(*arguments, "--enable-alpha-plugins", "--enable-exec")
    assert outcome.code == 0, outcome.errors
    assert "image: marked" in outcome.output


@pytest.mark.skipif(sys.platform == "win32", reason="programs are not run on Windows")
def test_an_executable_gets_the_whole_environment_and_a_time_limit(chart, run, monkeypatch):
    monkeypatch.setenv("OF_THE_USER", "here")
    write("show.sh", "#!/bin/sh\necho $OF_THE_USER\n", 0o755)
    outcome = run("template", "c", "--no-hooks", "--post-renderer", "./show.sh")
    assert outcome.output == "here\n"
    write("slow.sh", "#!/bin/sh\nsleep 60\n", 0o755)
    arguments = ("--post-renderer", "./slow.sh", "--plugin-timeout", "0.2")
    assert "longer than 0.2 seconds (plugin-timeout)" in problem(run("template", "c", *arguments))


@pytest.mark.skipif(sys.platform == "win32", reason="programs are not run on Windows")
def test_nothing_is_written_if_an_executable_fails(chart, run):
    outcome = run("template", "c", "--post-renderer", "false", "--output-dir", "out")
    assert (outcome.code, outcome.output) == (1, "")
    assert "exit status 1\n\nUse --debug" in outcome.errors
    assert not Path("out").exists()


def test_a_function_of_the_library():
    tree = MemoryTree(FILES)
    given: list[str] = []

    def post_render(text: str) -> str:
        given.append(text)
        return text.replace("zz", "other")

    rendered = render_chart("", tree=tree, post_render=post_render)
    assert rendered.text() == render_chart("", tree=tree).text().replace("zz", "other")
    assert rendered.resources[0].id.name == "other"
    assert "helm.sh/hook" not in given[0]
