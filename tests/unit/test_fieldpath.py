"""Field paths: quick checks for absent paths, and the exact search."""

import pytest

from kmanifest.model.fieldpath import PathTree, find_fields, is_absent

BODY = {
    "kind": "Deployment",
    "spec": {"template": {"containers": [{"image": "a"}]}, "nothing": None},
}


@pytest.mark.parametrize(
    ("path", "absent"),
    [
        ("spec/template/containers[]/image", False),
        ("spec/template/containers[]/command", False),
        ("spec/replicas", True),
        ("spec/jobTemplate/containers[]/image", True),
        ("spec/nothing/below", False),
        ("kind/below", False),
        ("spec//template", False),
        ("spec/replicas//below", True),
    ],
)
def test_a_path_is_absent_only_where_a_mapping_lacks_its_field(path: str, absent: bool):
    steps = path.split("/")
    assert is_absent(BODY, steps) is absent
    assert PathTree([steps]).candidates(BODY) == ([] if absent else [0])


def test_candidates_of_a_path_tree_are_in_order():
    paths = ["spec/template/containers[]/image", "spec", "spec/replicas", "kind", "spec/template"]
    assert PathTree([path.split("/") for path in paths]).candidates(BODY) == [0, 1, 3, 4]
    assert PathTree([path.split("/") for path in paths]).candidates({"spec": []}) == [0, 1, 2, 4]


def test_find_fields_returns_values_and_nulls_that_should_be_lists():
    assert find_fields(BODY, ["spec", "template", "containers[]", "image"]).fields == [
        (("spec", "template", "containers", 0, "image"), "a")
    ]
    assert find_fields(BODY, ["spec", "nothing[]", "image"]).null_lists == [("spec", "nothing")]
