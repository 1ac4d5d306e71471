"""Adapters that the shared conformance runners call: `--in-process tests.conformance:kustomize`, or `:helm`."""

import io
import json
import os
import sys
from base64 import b64decode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import SystemRandom
from time import time_ns
from typing import Any, cast

from kmanifest.api import build
from kmanifest.cli.main import main
from kmanifest.engines.builtin import default_registry
from kmanifest.engines.environment.definition import FILE_NAME
from kmanifest.engines.flux.envsubst import substitute
from kmanifest.engines.helm.charts.loader import load_chart
from kmanifest.engines.helm.dialects.v3 import HELM3
from kmanifest.engines.helm.gotemplate.execute import execute
from kmanifest.engines.helm.gotemplate.parsers import CachingParser
from kmanifest.engines.helm.gotemplate.templates import TemplateSet
from kmanifest.engines.helm.objects.capabilities import make_capabilities
from kmanifest.engines.helm.options import HelmOptions
from kmanifest.engines.helm.render import Release, final_values
from kmanifest.engines.helm.templates.engine import RenderSession, collect_sources
from kmanifest.engines.helm.templates.functions import functions
from kmanifest.engines.jinja.options import JinjaOptions
from kmanifest.engines.jinja.rendering import TemplateRenderer
from kmanifest.engines.jsonnet.options import JsonnetOptions
from kmanifest.engines.kustomize.kustomization import FILE_NAMES
from kmanifest.engines.kustomize.options import KustomizeOptions
from kmanifest.io.runner import INHERIT_ALL
from kmanifest.io.tree import MemoryTree
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.options import ExecPluginOptions, Options
from kmanifest.validation.objects import Validator, read_documents
from kmanifest.validation.places import Fault
from kmanifest.validation.pod_security import Standard, check_pod_security


def kustomize(path: str, options: Mapping[str, Any]) -> str:
    """Return the output of `kmanifest build` for the directory `path`. Raises KmanifestError if the build fails."""
    return build(path, options=_options(options)).text()


def renamed(path: str, options: Mapping[str, Any]) -> str:
    """Return the output of `kustomize`, with each kustomization file of the case renamed to kmanifest.yaml.

    Annotations that name the file have the old name, so that they can be compared.
    """
    root = Path(path)
    while not root.name.startswith("kust-case-"):
        root = root.parent
    for directory in {file.parent for name in FILE_NAMES for file in root.rglob(name)}:
        files = [directory / name for name in FILE_NAMES if (directory / name).is_file()]
        if len(files) == 1:
            files[0].rename(directory / FILE_NAME)
    return kustomize(path, options).replace(FILE_NAME, FILE_NAMES[0])


def helm(kind: str, case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a case of the Helm suites, in the format of its runner."""
    return {"gotmpl": _gotmpl, "func": _func, "chart": _chart}[kind](case)


def _gotmpl(case: Mapping[str, Any]) -> dict[str, Any]:
    parser = CachingParser(())
    named = sorted((case.get("templates") or {}).items())
    parsed = [parser.parse(name, text) for name, text in (*named, ("t", case["template"]))]
    templates = TemplateSet("t").with_parsed(*parsed)
    missing_key: Any = case.get("missingkey") or "default"
    return {"output": execute(templates, "t", case.get("data"), {}, missing_key=missing_key)}


def _func(case: Mapping[str, Any]) -> dict[str, Any]:
    files = {
        "t/Chart.yaml": b'apiVersion: v2\nname: t\nversion: 1.2.3\nappVersion: "4.5.6"\n',
        "t/values.yaml": json.dumps(case["values"], ensure_ascii=False).encode(),
        "t/templates/case.yaml": case["template"].encode(),
    }
    for name, content in (case.get("files") or {}).items():
        files[f"t/{name}"] = (
            b64decode(content["b64"]) if isinstance(content, dict) else content.encode()
        )
    chart = load_chart(MemoryTree(files), "t", dialect=HELM3)
    capabilities = make_capabilities(case.get("kube_version") or "", case.get("api_versions") or ())
    top = {
        "Release": Release("rel", "ns").object(),
        "Capabilities": capabilities,
        "Values": final_values(chart, {}, skip_schema=True, warn=lambda _: None, dialect=HELM3),
    }
    rendering = RenderSession(functions(random=SystemRandom(), clock=time_ns), dialect=HELM3)
    text = rendering.render(collect_sources(chart, top, HELM3))["t/templates/case.yaml"]
    return {"raw": text.encode("utf-8", "surrogateescape")}


def _chart(case: Mapping[str, Any]) -> dict[str, Any]:
    """Execute the command in the directory of the case, with the environment and stdin of the case."""
    return _run_command(["helm", *case["args"]], case["cwd"], case["env"], case["stdin"])


def jsonnet(kind: str, case: Mapping[str, Any], cwd: str) -> Any:
    """Return the result of a case of the Jsonnet suite, in the format of its runner."""
    if kind == "jsonnet":
        arguments = ["jsonnet", "--isolate", "none", *case["args"]]
        return _run_command(arguments, cwd, case.get("env") or {}, case.get("stdin") or "")
    return _manifests(case, cwd)


def _run_command(
    arguments: list[str], cwd: str, environment: Mapping[str, str], stdin: str
) -> dict[str, Any]:
    saved = os.getcwd(), sys.stdin, sys.stdout, sys.stderr, dict(os.environ)
    stdout, stderr = (io.TextIOWrapper(io.BytesIO(), newline="") for _ in range(2))
    sys.stdin, sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.BytesIO(stdin.encode())),
        stdout,
        stderr,
    )
    os.environ.update(environment)
    os.chdir(cwd)
    try:
        code = main(arguments)
    finally:
        os.chdir(saved[0])
        sys.stdin, sys.stdout, sys.stderr = saved[1:4]
        os.environ.clear()
        os.environ.update(saved[4])
    return {"exit_code": code, "stdout": _printed(stdout), "stderr": _printed(stderr)}


def _printed(stream: io.TextIOWrapper) -> str:
    stream.flush()
    content = cast("io.BytesIO", stream.buffer).getvalue()
    return content.decode("utf-8", "surrogateescape")


def _options(options: Mapping[str, Any]) -> Options:
    return Options(
        load_restrictor="none"
        if options.get("load_restrictor") == "LoadRestrictionsNone"
        else "root-only",
        enable_plugins=bool(options.get("enable_alpha_plugins")),
        allow_exec=bool(options.get("enable_exec")),
        env=tuple(options.get("env") or ()),
        exec_plugins=ExecPluginOptions(
            home=options.get("plugin_home") or "", environment=(INHERIT_ALL,)
        ),
        engines=(
            KustomizeOptions(
                reorder=options.get("reorder") or "",
                managed_by_label=bool(options.get("enable_managedby_label")),
                enable_helm=bool(options.get("enable_helm")),
            ),
            HelmOptions(
                api_versions=tuple(options.get("helm_api_versions") or ()),
                kube_version=options.get("helm_kube_version") or "",
            ),
        ),
    )


def _manifests(case: Mapping[str, Any], cwd: str) -> list[Any]:
    """Return the manifests of a tree. The values of its flags are those of `kmanifest build`."""
    arguments = iter(case.get("args") or ())
    fields: dict[str, list[tuple[str, str]]] = {
        "ext": [],
        "ext_code": [],
        "tla": [],
        "tla_code": [],
    }
    names = {
        "-V": "ext",
        "--ext-str": "ext",
        "--ext-code": "ext_code",
        "-A": "tla",
        "--tla-str": "tla",
    }
    for flag in arguments:
        name, _, value = next(arguments).partition("=")
        fields[names.get(flag, "tla_code")].append((name, value))
    options = JsonnetOptions(
        ext=tuple(fields["ext"]),
        ext_code=tuple(fields["ext_code"]),
        tla=tuple(fields["tla"]),
        tla_code=tuple(fields["tla_code"]),
        name=case.get("name") or "",
        isolate="none",
    )
    rendered = build(os.path.join(cwd, case["target"]), options=Options(engines=(options,)))
    return rendered.to_dicts()


def envsubst(case: Mapping[str, Any]) -> str:
    """Return the result of a case of Flux' substitution. A byte that is no UTF-8 is U+FFFD, as in Go's JSON."""
    text = substitute(case["text"], case["vars"], strict=case["strict"])
    return "".join("\ufffd" if "\udc80" <= char <= "\udcff" else char for char in text)


def jinja(case: Mapping[str, Any], files: Mapping[str, str], context: Mapping[str, Any]) -> str:
    """Return the text of a template, with the values of the suite under their own names."""
    dialect: Any = "" if case["dialect"] == "jinja" else case["dialect"]
    options = JinjaOptions(values=context, flat=True, dialect=dialect, **case["options"])
    ctx = Context(MemoryTree(files), default_registry())
    return TemplateRenderer(ctx, options).render("main.yaml.j2")


def validation(text: str, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the findings for one document of the validation suite."""
    major, minor = options["kubernetes_version"].split(".")
    version = int(major), int(minor)
    return [
        {
            "severity": "warning" if fault.kind == "warning" else "error",
            "field": list(fault.path),
            "message": fault.message,
            "rule": fault.kind,
        }
        for fault in _faults(text, options, version)
    ]


def _faults(text: str, options: Mapping[str, Any], version: tuple[int, int]) -> list[Fault]:
    """Return the faults of a document, or those of a level of the Pod Security Standards if it is given."""
    if "pod_security" not in options:
        return _validator(version).check_text(text.encode())
    body = read_documents(text.encode())[0].value
    return check_pod_security(body, Standard(options["pod_security"]), version)


@cache
def _validator(version: tuple[int, int]) -> Validator:
    return Validator(version)
