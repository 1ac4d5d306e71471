"""`bench/many_builds.py` has the results of a process for each build, also if some of them fail."""

import json
from pathlib import Path

import pytest

from tests.builds import run_python
from tests.cases import PROJECT

DRIVER = PROJECT / "bench" / "many_builds.py"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\n"

pytestmark = pytest.mark.skipif(not DRIVER.exists(), reason="a source archive has no bench")


@pytest.fixture
def root(tmp_path):
    files = {
        "map.yaml": MAP,
        "over/lay/kustomization.yaml": "resources: [../../map.yaml]\n",
        "broken/kustomization.yaml": "resources: [nothing.yaml]\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "out").mkdir()
    return tmp_path


def outputs(root: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (root / "out").iterdir()}


def test_argument_lists(root):
    free = ["--load-restrictor", "LoadRestrictionsNone", "over/lay"]
    commands = [["over/lay"], free, ["broken"], ["--unknown"], ["one", "two"], [*free, "-o", "x"]]
    (root / "commands.json").write_text(json.dumps(commands), encoding="utf-8")
    done = run_python([str(DRIVER), "commands.json", "out"], directory=str(root))
    texts = ["", MAP, "", "", "", ""]
    assert outputs(root) == {f"{number:04d}.yaml": text for number, text in enumerate(texts)}
    assert (root / "x").read_text(encoding="utf-8") == MAP
    assert done.returncode == 1
    assert [line[:9] for line in done.stderr.splitlines()] == [
        "0000.yaml",
        "0002.yaml",
        "0003.yaml",
        "0004.yaml",
    ]


def test_list_of_directories(root):
    (root / "map.yaml").rename(root / "over" / "lay" / "map.yaml")
    (root / "over/lay/kustomization.yaml").write_text("resources: [map.yaml]\n", encoding="utf-8")
    (root / "list.txt").write_text("over/lay\n", encoding="utf-8")
    arguments = [str(DRIVER), "--list", "list.txt", "--root", str(root), "--out", "out"]
    done = run_python(arguments, directory=str(root))
    assert (done.returncode, done.stderr) == (0, "")
    assert outputs(root) == {"over__lay.yaml": MAP}
