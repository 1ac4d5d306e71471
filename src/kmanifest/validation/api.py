"""`validate`: what the API server would refuse of the result of a build, without a server."""

from kmanifest.model.errors import UNEXPECTED, internal_error
from kmanifest.model.findings import Finding
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Any, Iterable, Mapping
from kmanifest.validation.objects import Validator
from kmanifest.validation.results import Checker, Settings
from kmanifest.validation.versions import parse_version


def validate(
    rendered: Rendered | Iterable[Mapping[str, Any]],
    *,
    kubernetes: str = "1.36",
    skip: Iterable[str] = (),
    ignore_missing_schemas: bool = True,
) -> list[Finding]:
    r"""Return what the API server would refuse, in the order of the resources. Nothing is fetched and no server is needed.

    `rendered` is the result of a build, or objects such as those of `Rendered.to_dicts`. `kubernetes` is the version of the
    cluster, from 1.25. `skip` has kinds that are not checked, or `apiVersion/Kind`. Types that are not part of Kubernetes are not
    checked; with `ignore_missing_schemas=False` each is a finding.

    An error is what the server refuses. A warning is what it warns about, such as a deprecated API version. `location` has the
    field, and for a build the file with line and column. `code` is the kind of fault, such as `unknown-field`.

    Raises SourceError for an unknown version of Kubernetes.

    >>> from kmanifest import build, validate
    >>> files = {
    ...     "kustomization.yaml": "resources: [map.yaml]",
    ...     "map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndate: {a: b}\n",
    ... }
    >>> for finding in validate(build(tree=files)):
    ...     print(finding.location, finding.code, finding.message, finding.near)
    map.yaml:5:1 unknown-field unknown field "date" ('data',)
    """
    settings = Settings(skip=frozenset(skip), ignore_missing_schemas=ignore_missing_schemas)
    try:
        checker = Checker(Validator(parse_version(kubernetes)), settings)
        if isinstance(rendered, Rendered):
            results = list(checker.check_rendered(rendered))
        else:
            results = [checker.check_body(body) for body in rendered]
    except UNEXPECTED as error:
        raise internal_error(error) from error
    return [finding for result in results for finding in result.findings]
