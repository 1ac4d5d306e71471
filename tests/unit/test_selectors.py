import pytest

from kmanifest.engines.kustomize.label_selector import parse_label_selector
from kmanifest.engines.kustomize.selectors import Selector, anchored, unanchored
from kmanifest.model.errors import SourceError
from kmanifest.model.resource import Resource

WEB = Resource(
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "labels": {"app": "a", "size": 3},
            "annotations": {"note": "x"},
        },
    },
    cluster_scoped=False,
)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("web", "web", True),
        ("web", "web-1", False),
        ("w.b", "wxb", True),
        ("w.b", "wb", False),
        ("w.*", "web", True),
        ("web|db", "web-1", False),
        ("a)|(b", "ac", True),
        (r"\d+", "12", True),
        ("web", "web\n", False),
        ("web.*", "web\n", False),
    ],
)
def test_anchored(pattern, text, fits):
    assert anchored(pattern)(text) is fits


@pytest.mark.parametrize(
    ("pattern", "text", "fits"), [("b", "abc", True), ("b.d", "abcd", True), ("^b", "ab", False)]
)
def test_unanchored(pattern, text, fits):
    assert unanchored(pattern)(text) is fits


def test_bad_pattern_names_its_field(capfd):
    with pytest.raises(SourceError) as caught:
        Selector.of({"kind": "Deployment", "name": "(("})
    assert caught.value.location.field == ("name",)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"kind": "Deploy.*", "name": "w.b"},
        {"group": "apps", "version": "v1"},
        {"namespace": "default"},
        {"labelSelector": "app=a"},
        {"annotationSelector": "note"},
        {"name": "old"},
    ],
)
def test_selects(fields):
    renamed = Resource(
        {**WEB.body, "metadata": {**WEB.body["metadata"], "name": "old"}}, cluster_scoped=False
    )
    assert Selector.of(fields).selects(renamed.with_current_id_remembered().with_body(WEB.body))


@pytest.mark.parametrize(
    "fields",
    [{"kind": "Deploy"}, {"group": "batch"}, {"namespace": "n1"}, {"labelSelector": "!app"}],
)
def test_does_not_select(fields):
    assert not Selector.of(fields).selects(WEB)


def test_a_raw_namespace_is_not_default():
    assert not Selector.of({"namespace": "default"}).selects_id("", "v1", "Service", "s", "")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ("app", True),
        ("!app", False),
        ("app=a,size=3", True),
        ("app==b", False),
        ("app!=b", True),
        ("other!=b", True),
        ("app in (b, a)", True),
        ("app notin (a)", False),
        ("other in (,)", False),
        ("other notin (,)", True),
        ("size > 2,size<4", True),
        ("app > 2", False),
        ("in", False),
        ("app in (in,a)", True),
        ("other =", False),
    ],
)
def test_label_selector(text, fits):
    assert parse_label_selector(text)(WEB.labels) is fits


@pytest.mark.parametrize(
    "text",
    [
        ",",
        "a,",
        "a b",
        "a in",
        "a in (",
        "a in (b",
        "a in b",
        "a > x",
        "a = -b",
        "-a",
        "a/b/c",
        "A/b",
        "!!a",
        "!a=b",
        "a=b c",
    ],
)
def test_label_selector_is_wrong(text):
    with pytest.raises(SourceError):
        parse_label_selector(text)
