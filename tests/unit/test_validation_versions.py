"""Versions of Kubernetes that are newer than the packed ones."""

import json
from pathlib import Path

import pytest

from kmanifest.model.errors import SourceError
from kmanifest.validation.versions import load_definitions


def test_newer_versions_come_from_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    name = "io.k8s.api.core.v1.ContainerPort"
    port = {
        "properties": {
            "containerPort": {"type": "integer", "format": "int32"},
            "protocol": {"type": ["string", "null"]},
        },
        "required": ["containerPort"],
    }
    package = tmp_path / "kubernetes_validate"
    directory = package / "kubernetes-json-schema" / "v1.38.0-local-strict"
    directory.mkdir(parents=True)
    (package / "__init__.py").touch()
    (directory / "_definitions.json").write_text(json.dumps({"$defs": {name: port}}))
    monkeypatch.syspath_prepend(str(tmp_path))
    definitions = load_definitions((1, 38))
    (index,) = definitions.indexes()
    fields = definitions.definition(index).fields
    assert fields["protocol"] == ("s", False, ("SCTP", "TCP", "UDP"), '"TCP"')
    with pytest.raises(SourceError, match="no definitions"):
        load_definitions((1, 39))
