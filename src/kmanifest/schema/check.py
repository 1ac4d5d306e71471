"""Validate the config of a plug-in with the plug-in's JSON Schema."""

import json

from kmanifest.model.errors import SourceError
from kmanifest.model.values import Body
from kmanifest.startup.typing import Any, Mapping


def check_config(body: Body, schema: Mapping[str, Any]) -> None:
    """Raise SourceError with the field if `body` does not match `schema`.

    Of several errors, the one whose field path comes first is raised.
    """
    import jsonschema_rs

    # A schema describes JSON values. The round trip turns numbers and dates into plain ones.
    instance = json.loads(json.dumps(body))
    errors = jsonschema_rs.validator_for(dict(schema)).iter_errors(instance)
    problems = sorted((list(map(str, error.instance_path)), error.message) for error in errors)
    for path, message in problems[:1]:
        field = tuple(int(step) if step.isdecimal() else step for step in path)
        raise SourceError(f"does not match the plug-in's schema: {message}").within(field=field)
