"""The name of a release.

Source: helm v3.22.0 pkg/action/install.go, NameAndChart and TemplateName.
"""

from collections.abc import Mapping

from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final

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
    """Execute a name template, which has no access to the chart."""
    from kmanifest.engines.helm.dialects.v3 import HELM3
    from kmanifest.engines.helm.gotemplate.execute import execute  # name templates are rare
    from kmanifest.engines.helm.gotemplate.parsers import CachingParser
    from kmanifest.engines.helm.gotemplate.templates import TemplateSet
    from kmanifest.engines.helm.gotemplate.values import GoError
    from kmanifest.engines.helm.templates.runtime import make_functions

    functions = make_functions(env=env, dialect=HELM3)
    try:
        parsed = CachingParser(functions).parse("name-template", template)
        templates = TemplateSet("name-template").with_parsed(parsed)
        return execute(templates, "name-template", None, functions)
    except GoError as error:
        raise SourceError(str(error)) from error
