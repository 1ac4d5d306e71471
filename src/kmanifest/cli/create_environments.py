"""The files of `kmanifest create --environments`: a kmanifest.yaml that builds at once, and its values."""

import os
from collections.abc import Sequence

from kmanifest.cli.output import OutputError
from kmanifest.cli.writer import write_files
from kmanifest.model.errors import SourceError
from kmanifest.startup.typing import Final
from kmanifest.yaml import dump

_DEFINITION: Final = """\
# One kustomization for several environments.
#   kmanifest build . --environment prod     prints one of them
#   kmanifest build . --all -o out           writes each to a directory in out/
#   kmanifest values . --all                 prints what differs
apiVersion: kmanifest.dev/v1alpha1
kind: Build

environments:
  axes:
    env: [dev, prod]
    # region: [eu, us]    # a second axis: the environments are then dev/eu, dev/us, prod/eu and prod/us

# The first layer declares all values and their types, later ones win. A layer that ends with ? may be absent.
values:
- values.yaml
- env/{{env}}.yaml?

{resources}\
# - {{chart: charts/web, release: web, values: .web}}    # also charts, Jsonnet (jsonnet:) and Jinja2 (template:)

{fields}\
# A field gets a value by a replacement from the object Values.
# replacements:
# - source: {{kind: Values, fieldPath: values.replicas}}
#   targets:
#   - select: {{kind: Deployment}}
#     fieldPaths: [spec.replicas]
"""
_NO_RESOURCES: Final = "resources: []\n# resources:\n# - web.yaml\n"
_VALUES: Final = "replicas: 1\n"
_PROD_VALUES: Final = (
    "replicas: 3    # has an effect when a replacement in kmanifest.yaml reads it\n"
)


def write_definition(resources: Sequence[str], fields: str) -> None:
    """Write kmanifest.yaml, values.yaml and env/prod.yaml to the current directory. None of them may exist.

    `fields` are other fields of the file, as YAML. The file that a build looks for is written last.
    """
    listed = dump({"resources": list(resources)}) if resources else _NO_RESOURCES
    text = _DEFINITION.format(resources=listed, fields=f"{fields}\n" if fields else "")
    files = {
        "values.yaml": _VALUES.encode(),
        "env/prod.yaml": _PROD_VALUES.encode(),
        "kmanifest.yaml": text.encode(),
    }
    for name in files:
        if os.path.lexists(name):
            raise SourceError("the file already exists").within(file=name)
    try:
        write_files(".", files)
    except OSError as error:
        raise OutputError(f"can't write {error.filename}: {error.strerror or error}") from error
