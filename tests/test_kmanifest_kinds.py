"""Kinds that kustomize does not have: ImageTransformer, DropTransformer and ResourcesGenerator."""

import os
from pathlib import Path
from typing import Any

import pytest

from kmanifest import KmanifestError, KustomizeOptions, MemoryTree, Options, build
from kmanifest.io.cache import MemoryCache
from kmanifest.model.errors import MissingError, RenderError, SourceError

ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: c, image: "web:1"}]
  steps:
  - run: {image: "registry.example.com/web:1@sha256:abc"}
  - image: 3
  - image: {repository: web}
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: c}
spec: {image: "web:1"}
"""
IMAGES = """\
apiVersion: kmanifest.dev/v1alpha1
kind: ImageTransformer
metadata: {name: images}
imageFields: auto
images:
- {name: web, newTag: "2"}
- {name: registry.example.com/web, newName: mirror/web, digest: "sha256:def"}
"""
DROP = """\
apiVersion: kmanifest.dev/v1alpha1
kind: DropTransformer
metadata: {name: drop}
drop:
- {kind: Rollout, name: w.b}
"""


def project(config: str, **more: str) -> MemoryTree:
    resources = "resources: [rollout.yaml, crd.yaml]\ntransformers: [config.yaml]\n"
    files = {"kustomization.yaml": resources, "rollout.yaml": ROLLOUT, "crd.yaml": CRD}
    return MemoryTree({**files, "config.yaml": config, **more})


def bodies(tree: MemoryTree) -> dict[str, Any]:
    rendered = build(tree=tree)
    return {resource.kind: resource.body for resource in rendered.resources}


def test_images_in_any_kind():
    by_kind = bodies(project(IMAGES))
    spec = by_kind["Rollout"]["spec"]
    assert spec["template"]["spec"]["containers"][0]["image"] == "web:2"
    assert [step.get("image") or step["run"]["image"] for step in spec["steps"]] == [
        "mirror/web@sha256:def",
        3,
        {"repository": "web"},
    ]
    assert by_kind["CustomResourceDefinition"]["spec"]["image"] == "web:1"


def test_changed_fields_are_findings():
    rendered = build(tree=project(IMAGES))
    assert [(str(finding.location), finding.location.field[-1], finding.message) for finding in rendered.findings] == [
        ("rollout.yaml:7:30", "image", "Rollout/web: web:1 is now web:2"),
        ("rollout.yaml:9:11", "image", "Rollout/web: registry.example.com/web:1@sha256:abc is now mirror/web@sha256:def"),
    ]  # fmt: skip
    assert {finding.code for finding in rendered.findings} == {"touched"}
    assert rendered.warnings == ()


def test_image_that_does_not_exist():
    config = IMAGES.replace("name: web,", "name: weeb,")
    codes = [finding.code for finding in build(tree=project(config)).findings]
    assert codes == ["untouched", "touched"]
    with pytest.raises(KmanifestError, match="no image is called 'weeb'") as caught:
        build(tree=project(config), options=Options(strict=True))
    assert str(caught.value.location) == "config.yaml:6:4"


def test_drop():
    assert list(bodies(project(DROP))) == ["CustomResourceDefinition"]


@pytest.mark.parametrize(
    ("config", "location", "message"),
    [
        (
            DROP.replace("w.b", "api"),
            "config.yaml:5:3",
            "no resource to drop is selected by Rollout/api",
        ),
        (DROP.replace("w.b", "'['"), "config.yaml:5:19", "is not a regular expression"),
        (DROP.replace("drop:", "drops:"), "config.yaml:4:1", "drops"),
        (IMAGES.replace("auto", "all"), "config.yaml:4:1", "imageFields must be auto"),
        (IMAGES.replace("newTag", "newTags"), "config.yaml:6:15", "newTags"),
    ],
)
def test_wrong_configs(config: str, location: str, message: str):
    with pytest.raises(KmanifestError, match=message) as caught:
        build(tree=project(config))
    assert str(caught.value.location) == location


# ResourcesGenerator


def generator(*patterns: str) -> str:
    head = "apiVersion: kmanifest.dev/v1alpha1\nkind: ResourcesGenerator\nmetadata: {name: r}\n"
    return head + "resources:\n" + "".join(f"- '{pattern}'\n" for pattern in patterns)


def config_map(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n"


def maps(*paths: str) -> dict[str, str]:
    """Return a ConfigMap for each path, with the name of its file."""
    return {path: config_map(path.rpartition("/")[2].removesuffix(".yaml")) for path in paths}


def files(*patterns: str, **more: str) -> dict[str, str]:
    return {
        "kustomization.yaml": "generators: [gen.yaml]\n",
        "gen.yaml": generator(*patterns),
        **maps("m/a.yaml", "m/sub/b.yaml", "m/test-c.yaml", "z.yaml", ".ci/d.yaml", "m/.e.yaml"),
        "m/kustomization.yaml": "nonsense",
        "m/notes.txt": "nonsense: [",
        **more,
    }


def names(tree: MemoryTree | str, **options: Any) -> list[str]:
    build_options = Options(engines=(KustomizeOptions(reorder="none"),), **options)
    if isinstance(tree, str):
        return [resource.name for resource in build(tree, options=build_options).resources]
    return [resource.name for resource in build(tree=tree, options=build_options).resources]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["m/**/*.yaml"], ["a", "b", "test-c"]),
        (["**/*.yaml"], ["a", "b", "test-c", "z"]),
        (["**/*.yaml", "!m/test-*.yaml"], ["a", "b", "z"]),
        (["m/**/*.yaml", "!**/*.yaml", "m/*/*"], ["b"]),
        (["./z.yaml", "m/a.yaml", "m/[!t]*.yaml", "[z]?yaml"], ["a", "z"]),
        ([".*/*.yaml", "m/.*"], ["d", ".e"]),
        ([], []),
    ],
)
def test_files_that_patterns_match(patterns: list[str], expected: list[str]):
    assert names(MemoryTree(files(*patterns))) == expected


@pytest.mark.parametrize(
    ("patterns", "location", "message"),
    [
        (["m/*.yml"], "gen.yaml:5:3", r"no file matches 'm/\*.yml' \(did you mean m/.*yaml"),
        (["z.yaml", "zz.yaml"], "gen.yaml:6:3", r"no file matches 'zz.yaml' \(did you mean z.yaml"),
        (
            ["z.yaml", "!y*.yaml"],
            "gen.yaml:6:3",
            "excludes none of the files that the patterns above include",
        ),
        (
            ["!z.yaml", "*.yaml"],
            "gen.yaml:5:3",
            "excludes none of the files that the patterns above include",
        ),
        (["m"], "gen.yaml:5:3", "'m' is a directory, a kustomization or this config"),
        (
            ["kustomization.yaml"],
            "gen.yaml:5:3",
            "'kustomization.yaml' is a directory, a kustomization or this config",
        ),
        (["gen.yaml"], "gen.yaml:5:3", "'gen.yaml' is a directory, a kustomization or this config"),
        (["m/"], "gen.yaml:5:3", "a pattern can't have an empty step"),
        ([""], "gen.yaml:5:3", "a pattern can't have an empty step"),
        (["m/[a.yaml"], "gen.yaml:5:3", "not well-formed"),
        (["../*.yaml"], "gen.yaml:5:3", "security"),
        (["/m/*.yaml"], "gen.yaml:5:3", "security"),
        (["m/**/../../*.yaml"], "gen.yaml:5:3", "security"),
        (["m/notes.*"], "m/notes.txt:2:1", "m/notes.txt"),
    ],
)
def test_wrong_patterns(patterns: list[str], location: str, message: str):
    with pytest.raises(KmanifestError, match=message) as caught:
        build(tree=MemoryTree(files(*patterns)))
    assert str(caught.value.location) == location


def test_config_in_the_kustomization():
    text = "generators:\n- |\n  " + generator("m/a.yaml").replace("\n", "\n  ").rstrip() + "\n"
    tree = MemoryTree({**files("z.yaml"), "kustomization.yaml": text})
    assert names(tree) == ["a"]


def test_lists_are_split_and_objects_have_the_origin_of_their_file():
    items = f"apiVersion: v1\nkind: List\nitems:\n- {{{', '.join(config_map('one').split(chr(10))[:3])}}}\n"
    two = f"{config_map('two')}---\n{config_map('three')}"
    tree = MemoryTree(
        files("l/*", **{"l/1.yaml": items, "l/2.yaml": two, "l/3.yaml": "# nothing\n"})
    )
    resources = build(
        tree=tree, options=Options(engines=(KustomizeOptions(reorder="none"),))
    ).resources
    assert [
        (resource.name, resource.origin.file, resource.origin.document) for resource in resources
    ] == [
        ("one", "l/1.yaml", 0),
        ("two", "l/2.yaml", 0),
        ("three", "l/2.yaml", 1),
    ]


def test_a_duplicate_id_is_an_error_at_the_second_object():
    tree = MemoryTree(files("l/*", **{"l/1.yaml": config_map("a"), "l/2.yaml": config_map("a")}))
    with pytest.raises(
        RenderError, match="ConfigMap/a is in the files of one generator twice"
    ) as caught:
        build(tree=tree)
    assert str(caught.value.location) == "l/2.yaml:3:12"
    tree = MemoryTree(
        {
            **files("m/a.yaml"),
            "kustomization.yaml": "generators: [gen.yaml]\nresources: [m/a.yaml]\n",
        }
    )
    with pytest.raises(RenderError, match="ConfigMap/a exists already") as caught:
        build(tree=tree)
    assert str(caught.value.location) == "m/a.yaml:3:12"


def test_origin_is_that_of_a_generated_object():
    more = "generators: [gen.yaml]\nbuildMetadata: [originAnnotations]\n"
    (resource,) = build(tree=MemoryTree({**files("z.yaml"), "kustomization.yaml": more})).resources
    assert resource.annotations["config.kubernetes.io/origin"] == (
        "configuredIn: gen.yaml\nconfiguredBy:\n"
        "  apiVersion: kmanifest.dev/v1alpha1\n  kind: ResourcesGenerator\n  name: r\n"
    )


def test_in_a_base_and_with_a_cache():
    cache = MemoryCache()
    top = {"kustomization.yaml": "namePrefix: p-\nresources: [base]\n"}
    base = {f"base/{path}": text for path, text in files("m/*.yaml").items()}
    more = maps("base/m/new.yaml")
    for tree, expected in (
        ({**top, **base}, ["p-a", "p-test-c"]),
        ({**top, **base, **more}, ["p-a", "p-new", "p-test-c"]),
    ):
        rendered = build(
            tree=MemoryTree(tree),
            options=Options(engines=(KustomizeOptions(reorder="none"),)),
            cache=cache,
        )
        assert [resource.name for resource in rendered.resources] == expected


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    for path, text in {**files("m/**/*.yaml"), **maps("../out/o.yaml")}.items():
        file = tmp_path / "app" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "app/m/notes.txt").unlink()
    return tmp_path / "app"


LINKS = pytest.mark.skipif(os.name == "nt", reason="needs links")


@LINKS
def test_links_cause_no_loop_and_each_file_is_read_once(disk: Path):
    for index in range(8):
        (disk / f"m/self{index}").symlink_to(".")
    (disk / "m/again.yaml").symlink_to("a.yaml")
    assert names(str(disk)) == ["a", "b", "test-c"]
    (disk / "gen.yaml").write_text(generator("/".join("*" * 20) + "/a.yaml"), encoding="utf-8")
    assert names(str(disk)) == ["a"]


@LINKS
def test_links_out_of_the_directory(disk: Path):
    (disk / "m/out").symlink_to("../../out")
    assert names(str(disk)) == ["a", "b", "test-c"]
    (disk / "gen.yaml").write_text(generator("m/*/*.yaml"), encoding="utf-8")
    with pytest.raises(SourceError, match="security") as caught:
        names(str(disk))
    assert str(caught.value.location).endswith("gen.yaml:5:3")
    assert names(str(disk), load_restrictor="none") == ["b", "o"]
    (disk / "gen.yaml").write_text(generator("m/*.yaml"), encoding="utf-8")
    (disk / "m/out.yaml").symlink_to("../../out/o.yaml")
    with pytest.raises(SourceError, match="security"):
        names(str(disk))


@LINKS
def test_broken_links_and_pipes(disk: Path):
    (disk / "m/gone").symlink_to("nowhere")
    os.mkfifo(disk / "m/pipe")
    assert names(str(disk)) == ["a", "b", "test-c"]
    (disk / "m/gone.yaml").symlink_to("nowhere")
    with pytest.raises(MissingError, match="no such file"):
        names(str(disk))
    (disk / "m/gone.yaml").unlink()
    os.mkfifo(disk / "m/pipe.yaml")
    with pytest.raises(SourceError, match="neither a file nor a directory"):
        names(str(disk))
    (disk / "m/pipe.yaml").unlink()
    (disk / "m/link.yaml").symlink_to("kustomization.yaml")
    assert names(str(disk)) == ["a", "b", "test-c"]
