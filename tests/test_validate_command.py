"""`kmanifest validate` and `kmanifest build --validate`: arguments, formats and exit codes."""

import io
import json
import sys
from pathlib import Path
from xml.dom.minidom import parseString

import pytest

from kmanifest import KmanifestError, build, validate
from kmanifest.cli.main import main
from tests.commands import Runner

BAD_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
  - name: web
    imag: web:1
"""
GOOD_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"
CUSTOM = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\n"
LINE = 'spec.containers[0].imag: unknown field "spec.containers[0].imag" (did you mean image?) [unknown-field]'


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Runner:
    monkeypatch.chdir(tmp_path)
    return Runner(capfd)


def write(**files: str) -> None:
    for name, content in files.items():
        path = Path(name.replace("__", "/") + ".yaml")
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(content, encoding="utf-8")


def test_a_good_file_prints_nothing(run: Runner):
    write(good=GOOD_MAP)
    assert run("validate", "good.yaml") == (0, "", "")


def test_a_finding_has_its_line(run: Runner):
    write(all=f"{GOOD_MAP}---\n{BAD_POD}")
    assert run("validate", "all.yaml") == (1, f"all.yaml:12:5: error: {LINE}\n", "")


def test_directories_are_read_in_order(run: Runner):
    write(d__b=BAD_POD, d__a__c=CUSTOM, d__a__b="a: [")
    Path("d/readme.txt").write_text("a: [")
    code, out, _ = run("validate", "d")
    assert code == 1
    assert [line.split(":")[0] for line in out.splitlines()] == [
        "d/b.yaml",
        "d/a/b.yaml",
        "d/a/c.yaml",
    ]


def test_stdin(run: Runner, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD_POD.encode())))
    assert run("validate", "-").out == f"stdin:7:5: error: {LINE}\n"


def test_a_kustomization_is_built(run: Runner):
    write(k__kustomization="resources: [pod.yaml]\nnamePrefix: a-\n", k__pod=BAD_POD)
    assert run("validate", "k") == (1, f"k/pod.yaml:7:5: error: {LINE}\n", "")


def test_the_text_of_a_chart_is_read_as_the_server_reads_it(run: Runner):
    write(
        c__Chart="{apiVersion: v2, name: c, version: 1.0.0}",
        c__templates__a=GOOD_MAP.replace("b}", "yes}"),
    )
    code, out, _ = run("validate", "c")
    assert code == 1
    assert out.startswith("c/templates/a.yaml: error: data.a: json: cannot unmarshal bool")


def test_each_environment_of_a_kmanifest_yaml_is_built(run: Runner):
    write(
        s__kmanifest="environments: {axes: {env: [dev, prod]}}\nresources: [pod.yaml, '{env}.yaml']\n",
        s__pod=BAD_POD,
        s__dev=GOOD_MAP,
        s__prod=GOOD_MAP.replace("\ndata:", "\ndta:"),
    )
    code, out, err = run("validate", "s")
    assert err == ""
    assert code == 1
    assert [line.rpartition(" (in ")[2] for line in out.splitlines()] == [
        "dev, prod) (did you mean image?) [unknown-field]",
        "prod) (did you mean data?) [unknown-field]",
    ]
    assert "pod.yaml" not in run("validate", "s", "--environment", "dev", "-skip", "Pod").out


def test_the_items_of_a_list_are_objects(run: Runner):
    items = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: a}, dat: {}}\n"
    write(all=items)
    code, out, _ = run("validate", "all.yaml", "--format", "json")
    (finding,) = json.loads(out)["findings"]
    assert code == 1
    assert (finding["line"], finding["field"], finding["kind"]) == (4, ["dat"], "Secret")


@pytest.mark.parametrize("dash", ["-", "--"])
def test_flags_have_one_dash_or_two(run: Runner, dash: str):
    write(custom=CUSTOM, bad=BAD_POD)
    flags = [
        f"{dash}ignore-missing-schemas",
        f"{dash}skip=Pod",
        f"{dash}output",
        "json",
        f"{dash}summary",
        "-n",
        "8",
    ]
    code, out, _ = run("validate", *flags, "custom.yaml", "bad.yaml")
    assert (code, json.loads(out)) == (
        0,
        {"resources": [], "summary": {"valid": 0, "invalid": 0, "errors": 0, "skipped": 2}},
    )


def test_unknown_fields_are_warnings_without_strict(run: Runner):
    write(bad=BAD_POD)
    assert run("validate", "-strict=false", "bad.yaml").code == 0
    assert run("validate", "-strict=false", "bad.yaml", "--fail-on", "warning").code == 1
    assert run("validate", "bad.yaml", "--fail-on", "never").code == 0


def test_rejected_kinds(run: Runner):
    write(good=GOOD_MAP)
    assert run("validate", "-reject", "v1/ConfigMap", "good.yaml") == (
        1,
        "good.yaml:2:1: error: kind: prohibited resource kind ConfigMap [rejected]\n",
        "",
    )


def test_the_formats_of_kubeconform(run: Runner):
    write(all=f"{GOOD_MAP}---\n{BAD_POD}---\n{CUSTOM}---\n", parse="a: [")
    code, out, _ = run("validate", "-output", "text", "-summary", "all.yaml", "parse.yaml")
    assert code == 1
    assert out.splitlines()[0] == (
        "all.yaml - Pod web is invalid: spec.containers[0].imag: "
        'unknown field "spec.containers[0].imag"'
    )
    assert out.splitlines()[-1] == (
        "Summary: 4 resources found in 2 files - Valid: 1, Invalid: 1, Errors: 2, Skipped: 0"
    )
    resources = json.loads(run("validate", "-output", "json", "all.yaml").out)["resources"]
    assert [each["status"] for each in resources] == ["statusInvalid", "statusError"]
    assert resources[0]["validationErrors"][0]["path"] == "/spec/containers/0/imag"
    tap = run("validate", "-output", "tap", "all.yaml").out.splitlines()
    assert tap[0] == "TAP version 13"
    assert [line.partition(" -")[0] for line in tap[1:]] == ["ok 1", "not ok 2", "not ok 3", "1..3"]
    suites = parseString(run("validate", "-output", "junit", "all.yaml").out)  # noqa: S318 - our own
    (suite,) = suites.getElementsByTagName("testsuite")
    assert suite.getAttribute("failures") == "1"
    cases = suite.getElementsByTagName("testcase")
    assert [[child.nodeName for child in case.childNodes] for case in cases] == [
        [],
        ["failure"],
        ["error"],
    ]


def test_the_formats_of_code_hosts(run: Runner):
    write(bad=BAD_POD)
    assert run("validate", "--format", "github", "bad.yaml").out == (
        "::error file=bad.yaml,line=7,col=5,title=Pod web::spec.containers[0].imag: "
        'unknown field "spec.containers[0].imag" (did you mean image?)\n'
    )
    (issue,) = json.loads(run("validate", "--format", "gitlab", "bad.yaml").out)
    assert issue["location"] == {"path": "bad.yaml", "lines": {"begin": 7}}
    assert len(issue["fingerprint"]) == 64
    sarif = json.loads(run("validate", "--format", "sarif", "bad.yaml").out)
    (result,) = sarif["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 7,
        "startColumn": 5,
    }
    assert sarif["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "unknown-field"
    markdown = run("validate", "--format", "markdown", "bad.yaml").out
    assert r"| bad.yaml:7:5 | Pod shop/web | spec.containers\[0\].imag | error |" in markdown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "specify files, directories or targets of a build, or - for stdin"),
        (
            ("-kubernetes-version", "1.20", "."),
            "--kubernetes-version: no definitions of Kubernetes 1.20",
        ),
        (
            ("-kubernetes-version", "x", "."),
            "--kubernetes-version: 'x' is no version of Kubernetes",
        ),
        (
            ("-output", "pretty", "."),
            "illegal flag value --output pretty; legal values: text, json, junit, tap",
        ),
        (("-ignore-filename-pattern", "(", "d"), "--ignore-filename-pattern: "),
    ],
)
def test_usage_errors(run: Runner, arguments: tuple[str, ...], message: str):
    Path("d").mkdir()
    code, out, err = run("validate", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_build_prints_nothing_when_it_is_refused(run: Runner):
    write(kustomization="resources: [pod.yaml]", pod=BAD_POD)
    assert run("build", "--validate") == (1, "", f"pod.yaml:7:5: error: {LINE}\n")
    write(pod=f"{GOOD_MAP}---\n{CUSTOM}")
    code, out, err = run("build", "--validate=1.30")
    assert (code, err) == (0, "")
    assert "kind: Widget" in out
    assert run("build", "--validate=1").code == 2


def test_hostile_files_are_one_line(run: Runner):
    write(deep=f"a: {'[' * 20_000}")
    code, out, err = run("validate", "deep.yaml")
    assert (code, (out + err).count("\n")) == (1, 1)
    many = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" + "".join(
        f"x{i}: 1\n" for i in range(10_001)
    )
    write(many=many)
    code, out, err = run("validate", "many.yaml")
    assert (code, out) == (1, "")
    assert "more than 10000 findings" in err
    write(slow=many)
    assert run("validate", "slow.yaml", "--deadline", "0.000001").code == 1


def test_the_library_takes_builds_and_dictionaries():
    files = {"kustomization.yaml": "resources: [pod.yaml]", "pod.yaml": f"{BAD_POD}---\n{CUSTOM}"}
    rendered = build(tree=files)
    (finding,) = validate(rendered)
    assert (str(finding.location), finding.code) == ("pod.yaml:7:5", "unknown-field")
    assert [each.code for each in validate(rendered.to_dicts(), ignore_missing_schemas=False)] == [
        "no-schema",
        "unknown-field",
    ]
    assert validate(rendered, skip=["v1/Pod"]) == []
    with pytest.raises(KmanifestError, match="no definitions"):
        validate(rendered, kubernetes="1.2")


def test_main_is_used_by_the_runner():
    assert main(["validate", "--help"]) == 0
