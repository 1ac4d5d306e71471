"""Secrets in URLs are shown nowhere: not in errors, not in the causes of errors, not in the output."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kmanifest import MemoryTree, build
from kmanifest.cli.main import main
from kmanifest.model.errors import KmanifestError, SourceError
from tests.fetching import (
    NEEDS_GIT,
    build_text,
    options,
    unknown_host,
)
from tests.servers import USER, git

pytestmark = pytest.mark.usefixtures("plain_home")


@pytest.fixture
def store(tmp_path: Path) -> str:
    return str(tmp_path / "store")


SECRET_URLS = (
    "https://ghp_SECRET@no-host.invalid/o/r.git",
    "https://ghp_SECRET@no-host.invalid/x.yaml",
    "https://u:SEC/SECRET@no-host.invalid/x.git",
    "https://u:S@SECRET@no-host.invalid/x.git",
    "https://u:S@SECRET@no-host.invalid/x.yaml",
    "https://no-host.invalid/x.yaml#token=SECRET",
    "https://no-host.invalid/x.yaml;token=SECRET",
    "https://no-host.invalid/x.yaml?token=SECRET",
    "http://u:SECRET@no-host.invalid/x.git",
    "ssh://u:SECRET@no-host.invalid/x.git",
    "https://u:SECRET@no-host.invalid/o/r\x01",
    "https://u:SECRET@no-host.invalid/o/r?ref=a:b",
)
FIELDS: dict[str, Callable[[str], Any]] = {
    "resources": lambda url: {"resources": [url]},
    "components": lambda url: {"components": [url]},
    "patches": lambda url: {"patches": [{"path": url}]},
    "patchesStrategicMerge": lambda url: {"patchesStrategicMerge": [url]},
    "crds": lambda url: {"crds": [url]},
    "openapi": lambda url: {"openapi": {"path": url}},
    "configurations": lambda url: {"configurations": [url]},
    "replacements": lambda url: {"replacements": [{"path": url}]},
    "generators": lambda url: {"generators": [url]},
    "transformers": lambda url: {"transformers": [url]},
    "validators": lambda url: {"validators": [url]},
    "files": lambda url: {"configMapGenerator": [{"name": "a", "files": [f"k={url}"]}]},
    "envs": lambda url: {"secretGenerator": [{"name": "a", "envs": [url]}]},
    "repo": lambda url: {"helmCharts": [{"name": "c", "repo": url}]},
    "valuesFile": lambda url: {"helmCharts": [{"name": "c", "repo": "https://no-host.invalid", "valuesFile": url}]},
    "additionalValuesFiles": lambda url: {"helmCharts": [{"name": "c", "repo": url, "additionalValuesFiles": [url]}]},
}  # fmt: skip


def shown_parts(error: BaseException | None) -> Iterator[str]:
    """Yield everything that a logger could show of an error and of those behind it."""
    while error is not None:
        yield from (str(error), repr(error), repr(vars(error)), repr(error.args))
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("allow_remote", [True, False], ids=["allowed", "not allowed"])
@pytest.mark.parametrize("field", FIELDS)
def test_no_error_shows_a_secret_in_a_url(field, allow_remote, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", unknown_host)
    for url in SECRET_URLS:
        tree = MemoryTree({"kustomization.yaml": json.dumps(FIELDS[field](url))})
        given = options(protocols=("https", "ssh"))._replace(allow_remote=allow_remote)
        with pytest.raises(KmanifestError) as caught:
            build(tree=tree, options=given)
        assert not [text for text in shown_parts(caught.value) if "SECRET" in text], url


@pytest.mark.parametrize("url", SECRET_URLS)
def test_the_command_shows_no_secret_in_a_url(url, capfd, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", unknown_host)
    Path("app").mkdir()
    dependency = json.dumps({"name": "c", "version": "1", "repository": url})
    head = "apiVersion: v2\nname: app\nversion: 0.1.0\n"
    Path("app/Chart.yaml").write_text(f"{head}dependencies: [{dependency}]\n", encoding="utf-8")
    registry_url = f"oci://{url.partition('://')[2]}"
    for arguments in (
        ["helm", "template", "c", "--repo", url],
        ["helm", "pull", url],
        ["helm", "pull", registry_url],
        ["helm", "dependency", "update", "app"],
        ["build", url],
        ["localize", url],
        ["create", "--resources", url],
    ):
        assert main(arguments) != 0
    captured = capfd.readouterr()
    assert captured.err.lower().count("error: ") >= 7
    assert "SECRET" not in captured.out + captured.err


@NEEDS_GIT
def test_an_origin_shows_no_login(web_server, store):
    url = f"http://{USER}@{web_server.address}/private/base.git?ref=main"
    files = {"kustomization.yaml": json.dumps({"resources": [url], "buildMetadata": ["originAnnotations"]})}  # fmt: skip
    text = build(tree=MemoryTree(files), options=options(store=store)).text()
    assert f"repo: http://***@{web_server.address}/private/base.git" in text


@NEEDS_GIT
def test_an_unsafe_submodule_shows_no_login(web_server, store, tmp_path):
    work = tmp_path / "root/base.work"
    commit = git(work, "rev-parse", "HEAD")
    url = "ext::https://u:SECRET@host/x"
    (work / ".gitmodules").write_text(f'[submodule "s"]\n\tpath = s\n\turl = "{url}"\n')
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{commit},s")
    git(work, "add", ".gitmodules")
    git(work, "commit", "--quiet", "--message", "a part")
    git(work, "push", "--quiet", "--force", str(tmp_path / "root/base.git"), "HEAD:main")
    with pytest.raises(SourceError, match="unsafe URL") as caught:
        build_text(f"http://{web_server.address}/base.git?ref=main", store=store)
    assert "SECRET" not in str(caught.value)
