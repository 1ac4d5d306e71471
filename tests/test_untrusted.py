"""`Options.untrusted`: one record with all bounds for repositories that others can change."""

import os
from pathlib import Path

import pytest

from kmanifest import KmanifestError, KustomizeOptions, LimitError, Options, PluginError, build
from kmanifest.model.errors import SourceError

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
FUNCTION = (
    "apiVersion: a/v1\nkind: F\nmetadata:\n  name: f\n  annotations:\n"
    "    config.kubernetes.io/function: 'exec: {path: ./f.sh}'\n"
)


def test_nothing_is_read_outside(tmp_path: Path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base/kustomization.yaml").write_text("namePrefix: p-\n")
    (tmp_path / "repo/app").mkdir(parents=True)
    (tmp_path / "repo/app/kustomization.yaml").write_text("resources: [../../base]\n")
    app = str(tmp_path / "repo/app")
    assert build(app).text() == ""  # as kustomize does
    # Without a root, the target is the boundary here, and it bounds paths as well.
    for root in ("", app, tmp_path / "repo"):
        with pytest.raises(SourceError, match="leads out of"):
            build(app, options=Options.untrusted(root))
    assert build(app, options=Options.untrusted(tmp_path)).text() == ""


@pytest.mark.skipif(os.name != "posix", reason="needs the links of POSIX")
def test_the_target_must_be_in_the_root(tmp_path: Path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other/kustomization.yaml").write_text("namePrefix: p-\n")
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo/link").symlink_to("../other")
    options = Options.untrusted(tmp_path / "repo")
    for target in ("repo/link", "other", "repo/../other"):
        with pytest.raises(SourceError, match="leads out of"):
            build(tmp_path / target, options=options)


@pytest.mark.parametrize(
    "entry",
    ["https://example.com/a.yaml", "https://example.com/o/r.git?ref=v1", "file:///r?ref=v1"],
)
def test_nothing_is_fetched(entry: str):
    with pytest.raises(SourceError, match=r"only with Options\.allow_remote"):
        build(tree={"kustomization.yaml": f"resources: ['{entry}']"}, options=Options.untrusted())


def test_no_chart_is_fetched():
    text = "helmCharts: [{name: c, repo: 'https://example.com', version: 1.0.0}]"
    options = Options.untrusted()._replace(engines=(KustomizeOptions(enable_helm=True),))
    with pytest.raises(SourceError, match=r"only with Options\.allow_remote"):
        build(tree={"kustomization.yaml": text}, options=options)


@pytest.mark.parametrize("field", ["generators", "transformers", "validators"])
def test_nothing_is_executed(tmp_path: Path, field: str):
    (tmp_path / "kustomization.yaml").write_text(f"resources: [a.yaml]\n{field}: [f.yaml]\n")
    (tmp_path / "a.yaml").write_text(MAP)
    (tmp_path / "f.yaml").write_text(FUNCTION)
    (tmp_path / "f.sh").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "f.sh").chmod(0o755)
    with pytest.raises(PluginError):
        build(tmp_path, options=Options.untrusted(tmp_path))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"kustomization.yaml": "resources: [a.yaml]", "a.yaml": "#" * (6 << 20)}, "max_input_file"),
        (
            {
                "kustomization.yaml": "resources: [a.yaml]",
                "a.yaml": "---\n".join(MAP.replace("name: a", f"name: a{i}") for i in range(10_001)),
            },
            "max_",
        ),
        (
            {"Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}", "templates/a": '{{ repeat 9999999 "x" }}'},
            "max_string",
        ),
    ],
)  # fmt: skip
def test_the_limits_are_small(files: dict[str, str], limit: str):
    with pytest.raises(LimitError, match=limit):
        build(tree=files, options=Options.untrusted())


def test_the_deadline():
    files = {
        "Chart.yaml": "{apiVersion: v2, name: c, version: 1.0.0}",
        "templates/a": "{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}",
    }
    with pytest.raises(LimitError, match="deadline"):
        build(tree=files, options=Options.untrusted(deadline=0.2))
    assert Options.untrusted().limits.deadline > 0
    with pytest.raises(TypeError, match="deadline"):
        Options.untrusted(deadline=-1)


def test_an_ordinary_application_renders():
    files = {"kustomization.yaml": "resources: [a.yaml]\nnamePrefix: p-", "a.yaml": MAP}
    assert build(tree=files, options=Options.untrusted()).text() == build(tree=files).text()
    with pytest.raises(KmanifestError):
        build(tree={**files, "a.yaml": "["}, options=Options.untrusted())
