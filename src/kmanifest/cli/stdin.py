"""`kmanifest build -`: a kustomization or a kmanifest.yaml from stdin, as if it were a file in the current directory."""

import os
from collections.abc import Mapping

from kmanifest import api, yaml
from kmanifest.cli.environments import ENGINE, KUSTOMIZE
from kmanifest.cli.flags import CommandLine, UsageError
from kmanifest.cli.shared import DEFINITION, STDIN, read_stdin
from kmanifest.engines.kustomize.kustomization import FILE_NAMES
from kmanifest.io.cache import Cache
from kmanifest.io.overlay_tree import Overlay
from kmanifest.io.tree import join
from kmanifest.model.errors import KmanifestError
from kmanifest.pipeline.options import Options
from kmanifest.pipeline.registry import Registry
from kmanifest.pipeline.rendered import Rendered
from kmanifest.startup.typing import Final

_OWN_FIELDS: Final = ("environments", "values", "schema")
_KIND: Final = "Build"


def build(
    command_line: CommandLine, options: Options, registry: Registry, cache: Cache | None
) -> Rendered:
    """Build what stdin contains. The marker files of the current directory itself count as missing.

    In errors and findings the file is called `-`.
    """
    if options.engine not in ("", ENGINE, KUSTOMIZE):
        raise UsageError(f"--engine {options.engine}: stdin is for {KUSTOMIZE} or {ENGINE}")
    content = read_stdin(options.limits)
    directory = os.path.realpath(".")
    file_name = DEFINITION if _is_definition(content, options) else FILE_NAMES[0]
    elsewhere = {name for name, _ in command_line.origins}
    is_chosen = command_line.values["environment"] and "environment" not in elsewhere
    if file_name != DEFINITION and is_chosen:
        raise UsageError("--environment: stdin is a kustomization, so it has no environments")
    engine = ENGINE if file_name == DEFINITION else KUSTOMIZE
    overlay = Overlay(
        join("", f"{directory}/{file_name}"),
        content,
        STDIN,
        tuple(join("", f"{directory}/{name}") for name in (*FILE_NAMES, DEFINITION)),
    )
    return api.run_build(
        directory,
        tree=None,
        options=options._replace(engine=options.engine or engine),
        registry=registry,
        cache=cache,
        overlay=overlay,
    )


def _is_definition(content: bytes, options: Options) -> bool:
    """Whether the document is a kmanifest.yaml: of kind Build, or with a field or an entry that no kustomization has."""
    if options.engine:
        return options.engine == ENGINE
    try:
        document = yaml.load_values(content, limits=options.limits)
    except KmanifestError:
        return False  # reported with its location by the build
    if not isinstance(document, Mapping):
        return False
    if document.get("kind") == _KIND or any(name in document for name in _OWN_FIELDS):
        return True
    resources = document.get("resources")
    return isinstance(resources, list) and any(isinstance(each, Mapping) for each in resources)
