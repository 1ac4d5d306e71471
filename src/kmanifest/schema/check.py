"""Whether the config of a plug-in is as its JSON Schema wants it."""

import json
from collections.abc import Mapping

from kmanifest.model.errors import SourceError
from kmanifest.model.values import Body
from kmanifest.startup.typing import Any


def check_config(body: Body, schema: Mapping[str, Any]) -> None:
    """SourceError with the field where `body` is not as `schema` says; of several, that of the field that comes first."""
    import jsonschema_rs

    # JSON has the plain values of numbers and dates, which is what a schema is about.
    instance = json.loads(json.dumps(body))
    errors = jsonschema_rs.validator_for(dict(schema)).iter_errors(instance)
    problems = sorted((list(map(str, error.instance_path)), error.message) for error in errors)
    for path, message in problems[:1]:
        field = tuple(int(step) if step.isdecimal() else step for step in path)
        raise SourceError(f"not as the plug-in wants it: {message}").within(field=field)
