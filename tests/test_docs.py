"""What the pages say is there: links lead somewhere, examples run, every flag is described."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kmanifest.cli import build, localize
from tests.cases import PROJECT

PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("[!.]*/**/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(#[^)\s]+)?\)")
CODE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
WITH_EXAMPLES = (
    "README.md",
    "docs/guide/kustomize.md",
    "docs/guide/helm.md",
    "docs/reference/api.md",
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_links_lead_somewhere(page: Path):
    links = [match[1] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_run(name: str, tmp_path: Path):
    (tmp_path / "examples").symlink_to(PROJECT / "examples")
    (tmp_path / "overlays").symlink_to(PROJECT / "examples" / "shop" / "overlays")
    (tmp_path / "base").symlink_to(PROJECT / "examples" / "shop" / "base")
    (tmp_path / "components").symlink_to(PROJECT / "examples" / "shop" / "components")
    for number, match in enumerate(CODE.finditer((PROJECT / name).read_text(encoding="utf-8"))):
        done = subprocess.run(
            [sys.executable, "-c", match[1]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), f"example {number} of {name}"


def test_the_output_in_the_readme_is_the_output_of_its_command():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    expected = PROJECT / "tests" / "fixtures" / "examples" / "shop-prod" / "expected.yaml"
    shown = readme.partition("```yaml\n")[2].partition("...\n```")[0]
    assert shown
    assert expected.read_text(encoding="utf-8").startswith(shown)


def test_every_flag_has_its_line():
    page = (PROJECT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    names = {flag.name for flag in (*build.FLAGS, *localize.FLAGS)} - {"help"}
    assert [name for name in sorted(names) if f"--{name}" not in page] == []
