"""The documentation is true: links lead somewhere, code runs and prints what the page shows, every flag is described."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases import PROJECT
from tests.documentation import Page, differences, load_page, run_page

FILES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("[!.]*/**/*.md")])
PAGES = [
    load_page(path)
    for path in FILES
    if path.parent == PROJECT
    or path.relative_to(PROJECT).parts[0] in ("docs", "examples", "native", "plugins")
]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CI = PROJECT / ".ci" / "run"


def name_of(page: Page) -> str:
    return page.name


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_links_lead_somewhere(path: Path):
    broken = []
    for file, anchor in LINK.findall(path.read_text(encoding="utf-8")):
        target = path.parent / file if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(f"{file}#{anchor}")
    assert broken == []


@pytest.mark.skipif(os.name == "nt", reason="the commands are for a shell")
@pytest.mark.parametrize(
    "page",
    [
        page
        for page in PAGES
        if any(block.runs_here for block in page.blocks) and "<!-- generated:" not in page.text
    ],
    ids=name_of,
)
def test_code_does_what_the_page_shows(page: Page, tmp_path: Path):
    results = list(run_page(page, tmp_path))
    assert differences(page, results) == []


@pytest.mark.skipif(not CI.exists(), reason="a source archive has no CI")
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if any("run by" in block.comments for block in page.blocks)],
    ids=name_of,
)
def test_ci_runs_what_no_test_runs(page: Page):
    script = CI.read_text(encoding="utf-8")
    assert page.name.removesuffix("/README.md") in script


def test_the_output_in_the_readme_is_the_output_of_its_command():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    expected = PROJECT / "tests" / "fixtures" / "examples" / "shop-prod" / "expected.yaml"
    shown = readme.partition("```yaml\n")[2].partition("...\n```")[0]
    assert shown
    assert expected.read_text(encoding="utf-8").startswith(shown)


def missing_verbs() -> list[list[str]]:
    """Return the arguments of each verb that compatibility.md lists as missing."""
    page = (PROJECT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    table = page.partition("## Verbs that are missing")[2].partition("\n## ")[0]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `")]
    return [
        arguments
        for command in re.findall(r"`([^`]+)`", " ".join(cells))
        for arguments in verbs_of(command.split())
    ]


def verbs_of(command: list[str]) -> list[list[str]]:
    """Return the arguments of `helm repo add|list` or the like, one list for each verb. A single word is a verb of helm."""
    program, *path = command if len(command) > 1 else ["helm", *command]
    prefix = ["helm", *path[:-1]] if program == "helm" else path[:-1]
    return [[*prefix, verb] for verb in path[-1].split("\\|")]


@pytest.mark.parametrize("arguments", missing_verbs(), ids=" ".join)
def test_a_verb_that_is_said_to_be_missing_is_missing(arguments: list[str]):
    done = subprocess.run(
        [sys.executable, "-m", "kmanifest", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "unknown" in done.stderr
