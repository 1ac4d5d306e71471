"""The name of a release.

Source: helm v3.22.0 pkg/action/install.go, NameAndChart and TemplateName.
"""

import re

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final, Mapping

DEFAULT_NAME: Final = "release-name"
"""The default name. `helm template` sets it before names are generated, so no name is ever generated."""


def resolve_release_name(name: str, template: str, env: Mapping[str, str] | None = None) -> str:
    """Return the name of a release: `name`, or the result of `template`, which may read `env`.

    Raises SourceError if both are given.
    """
    if name and template:
        raise SourceError("cannot set --name-template and also specify a name")
    return _render_name_template(template, env) if template else name or DEFAULT_NAME


def _render_name_template(template: str, env: Mapping[str, str] | None) -> str:
    """Execute a name template. It has no access to the chart, and sprig's functions instead of Helm's.

    Source: sprig v3.3.0 functions.go, TxtFuncMap.
    """
    from kmanifest.engines.helm import sprig  # name templates are rare
    from kmanifest.engines.helm.gotemplate.execute import execute
    from kmanifest.engines.helm.gotemplate.functions import MergedFunctions
    from kmanifest.engines.helm.gotemplate.parsers import CachingParser
    from kmanifest.engines.helm.gotemplate.templates import TemplateSet
    from kmanifest.engines.helm.gotemplate.values import Function, GoError
    from kmanifest.io.system import SystemRandom, system_clock

    environment = env or {}

    def fail(message: str) -> str:
        raise GoError(message)

    functions = MergedFunctions(
        {
            "env": Function(lambda name: environment.get(name, ""), ("string",), "string"),
            "expandenv": Function(
                lambda text: _expand_variables(text, environment), ("string",), "string"
            ),
            "fail": Function(fail, ("string",), "string"),
        },
        sprig.functions(random=SystemRandom(), clock=system_clock, env=environment),
    )
    try:
        parsed = CachingParser(functions).parse("name-template", template)
        templates = TemplateSet("name-template").with_parsed(parsed)
        return execute(templates, "name-template", None, functions)
    except GoError as error:
        raise SourceError(str(error)) from error


_VARIABLE: Final = re.compile(r"\$(?:\{([^}]*)\}|\{|([*#$@!?0-9-])|([A-Za-z_][A-Za-z0-9_]*))")


def _expand_variables(text: str, env: Mapping[str, str]) -> str:
    """Replace `$NAME` and `${NAME}` by the variables of the environment.

    `${}` and `${` without an end are removed. Source: Go 1.26 os/env.go, Expand.
    """
    return _VARIABLE.sub(lambda match: env.get(match[1] or match[2] or match[3] or "", ""), text)
