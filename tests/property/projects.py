"""Random kustomize projects from a seed: bases, overlays, components, patches, generators, references.

`make_project(seed)` returns the files of one project as text, and the directory to build. The same seed always returns the
same project. Some projects are invalid on purpose: kustomize and kmanifest must both fail.
"""

import re
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import yaml

Body = dict[str, Any]


class Project(NamedTuple):
    """The files of a project by path, and the directory to build."""

    files: dict[str, str]
    target: str


NAMES = ("web", "api", "db", "cache", "job-1", "x", "web-2", "a.b", "9lives")
EXTRA_NAMES = tuple(f"app-{number}" for number in range(12))
NAMESPACES = ("", "", "", "default", "prod", "team-a", "kube-system")
IMAGES = (
    "nginx",
    "nginx:1.25",
    "reg.io/app:v1",
    "reg.io:5000/app",
    "app@sha256:abcdef",
    "busybox:1.36@sha256:00ff",
)
SCALARS = (
    "text",
    "",
    "yes",
    "1",
    1,
    0,
    -3,
    1.5,
    True,
    None,
    "true",
    "null",
    "~",
    "0x1F",
    "1e3",
    "2001-01-01",
    "12:30:45",
    "a: b",
    "# no comment",
    "multi\nline",
    "multi\nline\n",
    " leading",
    "trailing ",
    "tab\there",
    "with 'single' and \"double\" quotes",
    "unicode é ü 漢字",
    "emoji \U0001f600",
    "long " + "word " * 30,
    "$(VAR)",
    "{brace",
    "[bracket",
    "*star",
    "&amp",
    "@at",
    "%percent",
    "back`tick",
    "-",
    "- dash",
    "?",
    "|pipe",
    "=",
    "<<",
    "1_000",
    "0o17",
    "+1",
    ".5",
    "1.",
    "0.1",
    9007199254740993,
    123456789.123,
    1e21,
)
RAW_SCALARS = (
    "0x1F",
    "1.0",
    "1.50",
    "1e3",
    "0777",
    "0o17",
    "1_000",
    "2001-01-01",
    "yes",
    "off",
    "~",
    "",
    "null",
    ".5",
    "+12",
    "12:30",
    "'quoted'",
    '"dq\\n"',
    "True",
)


AMBIGUOUS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


class Maker:
    """Chooses the parts of one project."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.files: dict[str, str] = {}
        self.bodies: list[Body] = []
        self.ids: set[tuple[str, ...]] = set()

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, options: Any) -> Any:
        return self.random.choice(options)

    def some(self, options: Any, most: int) -> list[Any]:
        options = list(options)
        return self.random.sample(options, self.random.randint(0, min(most, len(options))))

    # --- objects

    def scalar(self) -> Any:
        return self.pick(SCALARS)

    def text(self) -> str:
        return str(self.pick([scalar for scalar in SCALARS if isinstance(scalar, str)]))

    def metadata(self, name: str) -> Body:
        metadata: Body = {"name": name}
        if namespace := self.pick(NAMESPACES):
            metadata["namespace"] = namespace
        if self.chance(0.5):
            metadata["labels"] = {
                key: self.pick(("a", "b", "1", "true"))
                for key in self.some(("app", "tier", "x/y"), 3)
            }
        if self.chance(0.3):
            metadata["annotations"] = {
                key: self.scalar() for key in self.some(("note", "z/a", "count"), 3)
            }
        return metadata

    def container(self, name: str) -> Body:
        container: Body = {"name": name, "image": self.pick(IMAGES)}
        if self.chance(0.5):
            container["env"] = [self.env(key) for key in self.some(("A", "B", "C"), 3)]
        if self.chance(0.4):
            container["ports"] = [
                {
                    "containerPort": port,
                    **({"protocol": self.pick(("TCP", "UDP"))} if self.chance(0.6) else {}),
                }
                for port in self.some((80, 8080, 443, 53), 3)
            ]
        if self.chance(0.3):
            container["args"] = [str(self.scalar()) for _ in range(2)]
        if self.chance(0.3):
            container["envFrom"] = [
                {"configMapRef": {"name": self.pick(NAMES)}},
                {"secretRef": {"name": self.pick(NAMES)}},
            ]
        if self.chance(0.3):
            container["volumeMounts"] = [
                {"name": name, "mountPath": f"/{name}"} for name in self.some(("v", "w"), 2)
            ]
        return container

    def env(self, name: str) -> Body:
        kind = self.random.randint(0, 3)
        if kind == 0:
            return {
                "name": name,
                "valueFrom": {"configMapKeyRef": {"name": self.pick(NAMES), "key": "k"}},
            }
        if kind == 1:
            return {
                "name": name,
                "valueFrom": {"secretKeyRef": {"name": self.pick(NAMES), "key": "k"}},
            }
        return {"name": name, "value": str(self.scalar())}

    def pod(self) -> Body:
        pod: Body = {
            "containers": [self.container(name) for name in self.some(("c", "d", "e"), 3) or ["c"]]
        }
        if self.chance(0.2):
            pod["initContainers"] = [self.container("init")]
        if self.chance(0.4):
            pod["volumes"] = [self.volume(name) for name in self.some(("v", "w"), 2)]
        if self.chance(0.3):
            pod["serviceAccountName"] = self.pick(NAMES)
        return pod

    def volume(self, name: str) -> Body:
        source = self.pick(("configMap", "secret", "persistentVolumeClaim", "emptyDir"))
        fields = {"configMap": "name", "secret": "secretName", "persistentVolumeClaim": "claimName"}
        return {
            "name": name,
            source: {fields[source]: self.pick(NAMES)} if source in fields else {},
        }

    def workload(self, kind: str, name: str) -> Body:
        template = {"metadata": {"labels": {"app": name}}, "spec": self.pod()}
        spec: Body = {"selector": {"matchLabels": {"app": name}}, "template": template}
        if self.chance(0.6):
            spec["replicas"] = self.random.randint(0, 5)
        if kind == "StatefulSet":
            spec["serviceName"] = self.pick(NAMES)
            if self.chance(0.5):
                spec["volumeClaimTemplates"] = [
                    {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
                ]
        return {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": self.metadata(name),
            "spec": spec,
        }

    def body(self) -> Body:
        """Return an object. Its id is nearly always new, also after namespaces and names are changed."""
        while True:
            body = self.any_body()
            key = (body["apiVersion"], body["kind"], body["metadata"]["name"])
            if key not in self.ids or self.chance(0.01):
                self.ids.add(key)
                return body

    def any_body(self) -> Body:
        name = self.pick((*NAMES, *EXTRA_NAMES))
        kind = self.pick(
            (
                "Deployment",
                "Deployment",
                "StatefulSet",
                "DaemonSet",
                "Service",
                "ConfigMap",
                "Secret",
                "Ingress",
                "ServiceAccount",
                "RoleBinding",
                "ClusterRole",
                "ClusterRoleBinding",
                "HorizontalPodAutoscaler",
                "CronJob",
                "Widget",
                "PersistentVolumeClaim",
            )
        )
        if kind in ("Deployment", "StatefulSet", "DaemonSet"):
            return self.workload(kind, name)
        return getattr(self, f"make_{kind.lower()}")(name)  # type: ignore[no-any-return]  # each gives a body

    def make_service(self, name: str) -> Body:
        ports = [
            {"port": port, "targetPort": self.pick((port, "http"))}
            for port in self.some((80, 443), 2)
        ]
        spec = {"selector": {"app": name}, "ports": ports}
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": self.metadata(name),
            "spec": spec,
        }

    def make_configmap(self, name: str) -> Body:
        data = {key: str(self.scalar()) for key in self.some(("k", "K2", "a10", "a2", "z"), 5)}
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": self.metadata(name),
            "data": data,
        }

    def make_secret(self, name: str) -> Body:
        body: Body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": self.metadata(name),
            "type": "Opaque",
        }
        body["stringData"] = {"k": str(self.scalar())}
        return body

    def make_ingress(self, name: str) -> Body:
        backend = {"service": {"name": self.pick(NAMES), "port": {"number": 80}}}
        paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
        spec: Body = {"rules": [{"host": "example.com", "http": {"paths": paths}}]}
        if self.chance(0.4):
            spec["tls"] = [{"hosts": ["example.com"], "secretName": self.pick(NAMES)}]
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": self.metadata(name),
            "spec": spec,
        }

    def make_serviceaccount(self, name: str) -> Body:
        return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": self.metadata(name)}

    def subjects(self) -> list[Body]:
        return [
            {
                "kind": self.pick(("ServiceAccount", "User")),
                "name": self.pick((*NAMES, "default")),
                **(
                    {"namespace": self.pick(("default", "prod", "elsewhere"))}
                    if self.chance(0.6)
                    else {}
                ),
            }
            for _ in range(self.random.randint(1, 2))
        ]

    def make_rolebinding(self, name: str) -> Body:
        ref = {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": self.pick(("Role", "ClusterRole")),
            "name": self.pick(NAMES),
        }
        body: Body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"}
        return {
            **body,
            "metadata": self.metadata(name),
            "roleRef": ref,
            "subjects": self.subjects(),
        }

    def make_clusterrolebinding(self, name: str) -> Body:
        body = self.make_rolebinding(name)
        body["kind"] = "ClusterRoleBinding"
        body["roleRef"]["kind"] = "ClusterRole"
        return body

    def make_clusterrole(self, name: str) -> Body:
        rules = [
            {
                "apiGroups": [""],
                "resources": ["configmaps"],
                "resourceNames": [self.pick(NAMES)],
                "verbs": ["get"],
            }
        ]
        body: Body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
        return {**body, "metadata": {"name": name}, "rules": rules}

    def make_horizontalpodautoscaler(self, name: str) -> Body:
        ref = {
            "apiVersion": "apps/v1",
            "kind": self.pick(("Deployment", "StatefulSet")),
            "name": self.pick(NAMES),
        }
        spec = {"scaleTargetRef": ref, "maxReplicas": 3}
        body: Body = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"}
        return {**body, "metadata": self.metadata(name), "spec": spec}

    def make_cronjob(self, name: str) -> Body:
        spec = {
            "schedule": "*/5 * * * *",
            "jobTemplate": {"spec": {"template": {"spec": self.pod()}}},
        }
        return {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": self.metadata(name),
            "spec": spec,
        }

    def make_namespace(self, name: str) -> Body:
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}

    def make_persistentvolumeclaim(self, name: str) -> Body:
        spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": self.pick(NAMES)}
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": self.metadata(name),
            "spec": spec,
        }

    def make_widget(self, name: str) -> Body:
        spec: Body = {key: self.scalar() for key in self.some(("a", "b", "c", "d", "e"), 5)}
        spec["list"] = [self.scalar() for _ in range(self.random.randint(0, 3))]
        if self.chance(0.4):
            spec["template"] = {"spec": self.pod()}
        return {
            "apiVersion": "example.com/v1",
            "kind": "Widget",
            "metadata": self.metadata(name),
            "spec": spec,
        }

    # --- patches

    def target(self) -> Body:
        target: Body = {}
        if self.chance(0.7):
            target["kind"] = self.pick(
                ("Deployment", "Service", ".*", "Widget", "StatefulSet|DaemonSet", "ConfigMap")
            )
        if self.chance(0.4):
            target["name"] = self.pick((*NAMES, "w.*", ".*"))
        if self.chance(0.2):
            target["labelSelector"] = self.pick(("app", "app=a", "tier in (a,b)", "!app", "app!=b"))
        return target or {"kind": "Deployment"}

    def merge_patch(self) -> Body:
        body = self.pick(self.bodies[-4:] if self.chance(0.9) else self.bodies)
        patch: Body = {
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
            "metadata": {
                key: body["metadata"][key]
                for key in ("name", "namespace")
                if key in body["metadata"]
            },
        }
        if self.chance(0.3):
            patch["metadata"]["labels"] = {"patched": self.pick(("yes", "x", None))}
        if self.chance(0.3):
            patch["metadata"]["annotations"] = {"note": self.pick(("changed", None))}
        if "template" in body.get("spec", {}) and self.chance(0.8):
            patch["spec"] = {"template": {"spec": self.pod_patch()}}
            if self.chance(0.3):
                patch["spec"]["replicas"] = 7
        elif body["kind"] == "Service":
            patch["spec"] = {
                "ports": [{"port": 80, "name": "p"}],
                "type": self.pick(("NodePort", None)),
            }
        elif body["kind"] in ("ConfigMap", "Secret"):
            patch["data"] = {"k": self.pick(("new", None)), "fresh": "1"}
        elif "spec" in body:
            patch["spec"] = {key: self.scalar() for key in self.some(("a", "b", "list", "z"), 3)}
        if self.chance(0.05):
            patch["$patch"] = self.pick(("delete", "replace"))
        return patch

    def pod_patch(self) -> Body:
        containers: list[Body] = []
        for name in self.some(("c", "d", "new"), 3):
            container: Body = {"name": name}
            if self.chance(0.2):
                container["$patch"] = self.pick(("delete", "replace"))
            if self.chance(0.5):
                container["image"] = "patched:2"
            if self.chance(0.4):
                container["env"] = [self.env(key) for key in self.some(("A", "Z"), 2)]
            if self.chance(0.3):
                container["ports"] = [{"containerPort": self.pick((80, 9090)), "protocol": "TCP"}]
            containers.append(container)
        patch: Body = {"containers": containers}
        if self.chance(0.2):
            patch["volumes"] = self.pick(
                ([{"name": "v", "emptyDir": {}, "configMap": None}], None, [])
            )
        return patch

    def operations(self) -> list[Body]:
        choices: tuple[Body, ...] = (
            {"op": "replace", "path": "/metadata/name", "value": "renamed"},
            {"op": "add", "path": "/metadata/labels/added", "value": "v"},
            {"op": "add", "path": "/metadata/annotations", "value": {"note": "op"}},
            {"op": "remove", "path": "/spec/replicas"},
            {"op": "replace", "path": "/spec/replicas", "value": 9},
            {
                "op": "add",
                "path": "/spec/template/spec/containers/-",
                "value": {"name": "op", "image": "op:1"},
            },
            {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "op:2"},
            {"op": "test", "path": "/kind", "value": "Deployment"},
            {"op": "copy", "from": "/metadata/name", "path": "/metadata/copied"},
            {"op": "add", "path": "/spec/x", "value": self.scalar()},
        )
        if self.chance(0.7):
            return [
                self.pick(
                    (
                        choices[0],
                        choices[3 + 1],
                        {"op": "add", "path": "/spec", "value": {"x": self.scalar()}},
                        choices[8],
                    )
                )
            ]
        return self.some(choices, 2) or [choices[1]]

    def patch_entry(self, directory: str, index: int) -> Body:
        kind = self.random.randint(0, 3)
        if kind == 0:
            return {"target": self.target(), "patch": dump(self.operations())}
        entry: Body = {}
        if kind == 1:
            entry["target"] = self.target()
        text = dump(self.merge_patch())
        if self.chance(0.5):
            entry["patch"] = text
        else:
            self.files[f"{directory}/patch-{index}.yaml"] = text
            entry["path"] = f"patch-{index}.yaml"
        if self.chance(0.1):
            entry["options"] = {"allowNameChange": True}
        return entry

    # --- kustomizations

    def generator(self, directory: str, index: int) -> Body:
        entry: Body = {"name": f"gen-{len(self.ids)}-{index}-{self.random.randint(0, 99)}"}
        if self.chance(0.8):
            entry["literals"] = [f"{key}={self.text()}" for key in self.some(("k", "b", "c"), 3)]
        if self.chance(0.3):
            self.files[f"{directory}/file-{index}.txt"] = self.text()
            entry["files"] = [f"file-{index}.txt", f"other=file-{index}.txt"]
        if self.chance(0.2):
            self.files[f"{directory}/env-{index}"] = "E1=one\n# comment\nE2 = two \nE3\n"
            entry["envs"] = [f"env-{index}"]
        known = [body["metadata"]["name"] for body in self.bodies if body["kind"] == "ConfigMap"]
        if known and self.chance(0.3):
            entry |= {"name": self.pick(known), "behavior": self.pick(("merge", "replace"))}
            if self.chance(0.8):
                entry["namespace"] = next(
                    body["metadata"].get("namespace", "")
                    for body in self.bodies
                    if body["metadata"]["name"] == entry["name"]
                )
        if self.chance(0.3):
            entry["options"] = {"disableNameSuffixHash": self.chance(0.5), "labels": {"gen": "yes"}}
        return entry

    def replacement(self) -> Body:
        body = self.pick(self.bodies)
        source = {"kind": body["kind"], "name": body["metadata"]["name"]}
        if self.chance(0.5):
            fields = [
                f"{top}.{key}"
                for top in ("metadata", "spec", "data")
                for key in body.get(top, {})
                if "." not in key
            ]
            source["fieldPath"] = self.pick((*fields, "metadata.labels.app"))
        target: Body = {
            "select": {"kind": self.pick(("Deployment", "Service", "Widget", "ConfigMap"))}
        }
        paths = (
            "metadata.annotations.copied",
            "metadata.labels.app",
            "spec.template.spec.containers.[name=c].image",
            "spec.template.spec.containers.*.env.[name=A].value",
            "spec.a",
            "spec.list.0",
            "data.k",
        )
        target["fieldPaths"] = self.some(paths, 2) or ["metadata.annotations.copied"]
        if self.chance(0.7):
            target["fieldPaths"] = [
                self.pick(("metadata.annotations.copied", "metadata.labels.app"))
            ]
        options: Body = {}
        if self.chance(0.8):
            options["create"] = True
        if self.chance(0.2):
            options |= {"delimiter": self.pick((":", "-", "/")), "index": self.pick((0, 1, -1, 9))}
        if options:
            target["options"] = options
        return {"source": source, "targets": [target]}

    def transformations(self, directory: str) -> Body:
        fields: Body = {}
        if self.chance(0.4):
            fields["namePrefix"] = self.pick(("pre-", "1", "x"))
        if self.chance(0.3):
            fields["nameSuffix"] = self.pick(("-post", "-2"))
        if self.chance(0.4):
            fields["namespace"] = self.pick(("prod", "staging", "default"))
        if self.chance(0.3):
            fields["commonLabels"] = {"common": "label", "n": "1"}
        if self.chance(0.3):
            fields["labels"] = [
                {
                    "pairs": {"l": "v", "num": "2"},
                    "includeSelectors": self.chance(0.3),
                    "includeTemplates": self.chance(0.3),
                    "includeVolumeClaimTemplates": self.chance(0.2),
                }
            ]
        if self.chance(0.3):
            fields["commonAnnotations"] = {"ann": self.text()}
        if self.chance(0.4):
            fields["images"] = [self.image() for _ in range(self.random.randint(1, 2))]
        if self.chance(0.2):
            workloads = [
                body["metadata"]["name"]
                for body in self.bodies
                if body["kind"] in ("Deployment", "StatefulSet")
            ]
            if workloads:
                fields["replicas"] = [
                    {"name": self.pick(workloads), "count": self.random.randint(0, 9)}
                ]
        if self.bodies and self.chance(0.6):
            fields["patches"] = [
                self.patch_entry(directory, index) for index in range(self.random.randint(1, 3))
            ]
        if self.bodies and self.chance(0.15):
            fields["patchesStrategicMerge"] = [dump(self.merge_patch())]
        if self.bodies and self.chance(0.2):
            fields["replacements"] = [self.replacement()]
        return fields

    def image(self) -> Body:
        image: Body = {
            "name": self.pick(("nginx", "reg.io/app", "app", "busybox", "reg.io:5000/app", "n.*x"))
        }
        for key, value in (
            ("newName", "new.io/img"),
            ("newTag", "9"),
            ("digest", "sha256:123"),
            ("tagSuffix", "-s"),
        ):
            if self.chance(0.4):
                image[key] = value
        return image

    def generators(self, directory: str) -> Body:
        fields: Body = {}
        if self.chance(0.3):
            fields["configMapGenerator"] = [
                self.generator(directory, index) for index in range(self.random.randint(1, 2))
            ]
        if self.chance(0.2):
            fields["secretGenerator"] = [self.generator(directory, 10)]
        if self.chance(0.15):
            fields["generatorOptions"] = {
                "disableNameSuffixHash": self.chance(0.5),
                "annotations": {"g": "o"},
            }
        return fields

    def kustomization(self, directory: str, fields: Body) -> None:
        self.files[f"{directory}/kustomization.yaml"] = dump(fields)

    def resource_files(self, directory: str) -> list[str]:
        names = []
        for index in range(self.random.randint(1, 3)):
            bodies = [self.body() for _ in range(self.random.randint(1, 3))]
            self.bodies += bodies
            name = f"r{index}.yaml"
            text = "---\n".join(dump(body) for body in bodies)
            if self.chance(0.3):
                text += f"---\napiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: raw-{index}\nspec:\n"
                text += "".join(
                    f"  f{number}: {raw}\n" for number, raw in enumerate(self.some(RAW_SCALARS, 6))
                )
                text += "  end: x\n"
            self.files[f"{directory}/{name}"] = text
            names.append(name)
        return names

    def base(self, directory: str) -> None:
        resources = self.resource_files(directory)
        self.kustomization(
            directory,
            {
                "resources": resources,
                **self.transformations(directory),
                **self.generators(directory),
            },
        )

    def component(self, directory: str) -> None:
        fields: Body = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
        self.kustomization(
            directory, {**fields, **self.transformations(directory), **self.generators(directory)}
        )

    def overlay(self, directory: str, bases: list[str]) -> None:
        fields: Body = {"resources": [f"../{base}" for base in bases]}
        if self.chance(0.3):
            fields["resources"] += self.resource_files(directory)
        if self.chance(0.2):
            self.component("component")
            fields["components"] = ["../component"]
        if self.chance(0.1):
            fields["sortOptions"] = {"order": self.pick(("fifo", "legacy"))}
        if self.chance(0.1):
            fields["buildMetadata"] = self.some(
                ("originAnnotations", "transformerAnnotations", "managedByLabel"), 3
            )
        self.kustomization(
            directory, {**fields, **self.transformations(directory), **self.generators(directory)}
        )


class Dumper(yaml.SafeDumper):
    """Prints YAML with one meaning for all parsers: it quotes every scalar that a parser could misread."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*", text) and text.lower() not in AMBIGUOUS
    style = (
        None if plain else "|" if text.strip() == text.removesuffix("\n") and "\n" in text else '"'
    )
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Dumper.add_representer(str, _represent_text)


def dump(value: Any) -> str:
    """Return `value` as YAML."""
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1000)


def make_project(seed: int) -> Project:
    """Return the project of this seed."""
    maker = Maker(seed)
    maker.base("base")
    bases = ["base"]
    if maker.chance(0.25):
        maker.base("base2")
        bases.append("base2")
    if maker.chance(0.3):
        maker.overlay("middle", bases)
        bases = ["middle"]
    maker.overlay("overlay", bases)
    return Project(maker.files, "overlay")


# --- layers, replacements that are patched, lists, and files in several styles

PAIRS = ("a", "b", "1", "true", "2.5", "yes")
VALUES_OF_REPLACEMENTS = ("123", "true", "word", "2001-01-01", "null", "yes", "1e3", "a: b", "08")
SCHEMA_COMMENTS = (
    '{"type": "array", "x-kubernetes-patch-strategy": "merge"}',
    '{"type": "array", "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name"}',
    '{"type": "array"}',
    '{"setter": "x"}',
)


class LayeredMaker(Maker):
    """Draws the parts of a project whose layers change the same fields, from files in several styles.

    Labels of every layer have few keys, replacements make fields that the next layer patches, objects are items of lists,
    and files have braces, comments and empty values.
    """

    def label_entry(self) -> Body:
        entry: Body = {
            "pairs": {key: self.pick(PAIRS) for key in self.some(("app", "v", "tier"), 2) or ["v"]}
        }
        if self.chance(0.5):
            entry[self.pick(("includeSelectors", "includeTemplates"))] = True
        if self.chance(0.1):
            entry["includeVolumeClaimTemplates"] = True
        return entry

    def transformations(self, directory: str) -> Body:
        fields = super().transformations(directory)
        fields.pop("commonLabels", None)
        fields.pop("labels", None)
        if self.chance(0.7):
            fields["labels"] = [self.label_entry() for _ in range(self.random.randint(1, 2))]
        if self.chance(0.3):
            fields["commonAnnotations"] = {
                key: self.pick(PAIRS) for key in self.some(("note", "count"), 2)
            }
        if self.bodies and self.chance(0.5):
            fields["replacements"] = [self.replacement() for _ in range(self.random.randint(1, 3))]
        return fields

    def replacement(self) -> Body:
        paths = (
            "metadata.labels.v",
            "metadata.labels.made",
            "metadata.annotations.made",
            "spec.made",
            "spec.made.deep",
            "spec.template.metadata.labels.v",
            "spec.template.spec.containers.*.image",
            "spec.list.0",
            "data.made",
            "data.k",
        )
        target: Body = {
            "select": {"kind": self.pick(("Deployment", "Widget", "ConfigMap", "StatefulSet"))},
            "fieldPaths": [self.pick(paths)],
            "options": {"create": self.chance(0.97)},
        }
        if self.chance(0.6):
            return {"sourceValue": self.pick(VALUES_OF_REPLACEMENTS), "targets": [target]}
        body = self.pick(self.bodies)
        fields = [
            f"{top}.{key}"
            for top in ("metadata", "spec", "data")
            for key, value in body.get(top, {}).items()
            if "." not in key and value not in (None, {}, [])
        ]
        source = {
            "kind": body["kind"],
            "name": body["metadata"]["name"],
            "fieldPath": self.pick(fields),
        }
        return {"source": source, "targets": [target]}

    def operations(self) -> list[Body]:
        return [
            self.pick(
                (
                    {"op": "add", "path": "/metadata/annotations", "value": {"made": "op"}},
                    {"op": "add", "path": "/touched", "value": self.scalar()},
                )
            )
        ]

    def generators(self, directory: str) -> Body:
        if self.chance(0.8):
            return {}
        literals = [f"{key}={self.text()}" for key in self.some(("k", "b", "c"), 3)]
        name = f"generated-{directory}-{self.random.randint(0, 99)}"
        return {"configMapGenerator": [{"name": name, "literals": literals}]}

    def merge_patch(self) -> Body:
        patch = super().merge_patch()
        if self.chance(0.4):
            labels = {
                key: self.pick((*PAIRS, 5, True, None)) for key in self.some(("v", "made"), 2)
            }
            patch["metadata"].setdefault("labels", {}).update(labels)
        if self.chance(0.3) and isinstance(patch.get("spec", {}), dict):
            spec = patch.setdefault("spec", {})
            spec["made"] = self.pick((1, "2", None, {"deep": 3}))
        return patch

    def resource_files(self, directory: str) -> list[str]:
        names = []
        for index in range(self.random.randint(1, 3)):
            bodies = [self.body() for _ in range(self.random.randint(1, 3))]
            self.bodies += bodies
            documents = [self.listed(bodies)] if self.chance(0.3) else bodies
            name = f"r{index}.yaml"
            self.files[f"{directory}/{name}"] = "---\n".join(map(self.styled, documents))
            names.append(name)
        return names

    def listed(self, bodies: list[Body]) -> Body:
        kind = self.pick(("List", "WidgetList", "ConfigMapList"))
        return {"apiVersion": "v1", "kind": kind, "items": bodies}

    def styled(self, body: Body) -> str:
        """`body` as YAML with braces, comments and empty values here and there."""
        random, blank = self.random, self.chance(0.3)

        class StyledDumper(Dumper):
            def represent_mapping(
                self, tag: str, mapping: Any, flow_style: bool | None = None
            ) -> yaml.MappingNode:
                node = super().represent_mapping(tag, mapping, flow_style)
                node.flow_style = random.random() < 0.25
                for _, value in node.value if blank else ():
                    if value.tag.endswith(":null"):
                        value.value = random.choice(("", "~", "null"))
                return node

            def represent_sequence(
                self, tag: str, sequence: Any, flow_style: bool | None = None
            ) -> yaml.SequenceNode:
                node = super().represent_sequence(tag, sequence, flow_style)
                node.flow_style = random.random() < 0.2
                return node

        text = yaml.dump(body, Dumper=StyledDumper, sort_keys=False, allow_unicode=True, width=1000)
        text = text.replace("!!null ''", "")  # what PyYAML writes for an empty value inside braces
        return text if "|" in text or "\\n" in text else self.commented(text)

    def commented(self, text: str) -> str:
        if self.chance(0.5):
            return text
        lines = []
        for line in text.splitlines():
            if self.chance(0.1):
                lines.append(" " * (len(line) - len(line.lstrip())) + "# a note")
            beside = ""
            if line.endswith(":") and self.chance(0.08):
                beside = f" # {self.pick(SCHEMA_COMMENTS)}"
            elif '"' not in line and "'" not in line and self.chance(0.06):
                beside = " # beside"
            lines.append(line + beside)
        return "\n".join(lines) + "\n"


def make_layered_project(seed: int) -> Project:
    """The project of this seed with three layers or four, all of which change labels."""
    maker = LayeredMaker(seed)
    maker.base("base")
    layers = ["middle", "upper", "overlay"] if maker.chance(0.5) else ["middle", "overlay"]
    below = "base"
    for layer in layers:
        maker.overlay(layer, [below])
        below = layer
    return Project(maker.files, "overlay")


KINDS: dict[str, Callable[[int], Project]] = {
    "plain": make_project,
    "layered": make_layered_project,
}
"""The makers of projects by the name that `compare.py` knows."""
