"""Mistakes that people make in templates: the error has the file, the line, and the name that was meant."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from kmanifest import JinjaOptions, KmanifestError, Options, build

MISTAKES: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "jinja_mistakes.toml").read_text(encoding="utf-8")
)
VALUES = {
    "name": "web",
    "image": {"name": "repo/web", "tag": "v1"},
    "ports": [80, 443],
    "enabled": True,
    "replicas": 3,
    "block": "a: 1\nb: 2",
}
FILES = {
    "_helpers.j2": "{% macro labels() %}a: b{% endmacro %}",
    "base.j2": "{% block body %}{% endblock %}",
    "_broken.j2": "ok: 1\nbad: {{ values.nam }}\n",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_location_and_the_name_are_right(name: str):
    mistake = MISTAKES[name]
    options = Options(engines=(JinjaOptions(values=VALUES, env={"region": "eu"}),))
    with pytest.raises(KmanifestError) as caught:
        build("app.yaml.j2", tree={**FILES, "app.yaml.j2": mistake["template"]}, options=options)
    error = caught.value
    assert (error.location.file, error.location.line) == (
        mistake.get("file", "app.yaml.j2"),
        mistake.get("noticed", mistake["line"]),
    ), error
    if "near" in mistake:
        assert mistake["near"] in error.near, error
    assert "\n" not in str(error)


def test_there_are_enough():
    assert len(MISTAKES) >= 40
    assert sum("noticed" not in mistake for mistake in MISTAKES.values()) >= 38
    assert sum("near" in mistake for mistake in MISTAKES.values()) >= 25
