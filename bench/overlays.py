"""Generate overlays of a given size, with the same bytes for the same arguments.

    python bench/overlays.py OUT n100        OUT/overlay has 100 resources on one base
    python bench/overlays.py OUT chain       six nested overlays, 60 resources

The resources alternate between five kinds: Deployment, Service, ConfigMap, Secret, and a custom resource. The overlay sets prefix, namespace,
labels, an image, replicas, one patch of each language and a generated ConfigMap that every Deployment uses.
"""

import sys
from pathlib import Path

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app{number}
  labels: {{app: app{number}, tier: tier{tier}}}
spec:
  replicas: {tier}
  selector:
    matchLabels: {{app: app{number}}}
  template:
    metadata:
      labels: {{app: app{number}}}
    spec:
      containers:
      - name: main
        image: registry.example.com/app:{number}
        args: ["--listen=:8080", "--name=app {number}"]
        ports:
        - {{name: http, containerPort: 8080}}
        env:
        - name: PASSWORD
          valueFrom:
            secretKeyRef: {{name: secret{secret}, key: password}}
        envFrom:
        - configMapRef: {{name: common}}
        resources:
          requests: {{cpu: {tier}00m, memory: 64Mi}}
          limits: {{memory: "{tier}Gi"}}
      - name: proxy   # the same everywhere
        image: registry.example.com/proxy:1.0
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: service{number}
spec:
  selector: {{app: app{app}}}
  ports:
  - {{name: http, port: 80, targetPort: http}}
  - {{name: metrics, port: 9090, protocol: TCP}}
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: config{number}
data:
  size: "{number}"
  switch: "on"
  text: |
    first line of {number}
    second line
"""
SECRET_OBJECT = """\
apiVersion: v1
kind: Secret
metadata:
  name: secret{number}
type: Opaque
data:
  password: c2VjcmV0
"""
THING = """\
apiVersion: example.com/v1
kind: Thing
metadata:
  name: thing{number}
spec:
  size: {number}
  ratio: 0.{tier}
  list: [{{name: a, value: 1}}, {{name: b, value: 2}}]
"""
KINDS = (DEPLOYMENT, SERVICE, CONFIG_MAP, SECRET_OBJECT, THING)
OVERLAY = """\
resources:
- {below}
namePrefix: {name}-
namespace: {name}
labels:
- pairs: {{env: {name}}}
  includeSelectors: true
images:
- {{name: registry.example.com/app, newTag: "2"}}
replicas:
- {{name: {inner}app0, count: 3}}
patches:
- target: {{kind: Deployment}}
  patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: any}}
    spec:
      template:
        spec:
          containers:
          - name: main
            env: [{{name: ENV, value: {name}}}]
- target: {{kind: Service}}
  patch: |-
    - {{op: replace, path: /spec/ports/0/port, value: 8080}}
configMapGenerator:
- name: {generated}
  literals: [env={name}, level=info]
"""
CHAIN = 6


def write(path: Path, text: str) -> None:
    """Write a file and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def make_base(directory: Path, count: int) -> None:
    """Write a base of `count` resources, twenty in each file."""
    resources = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        app, secret = number - number % 5, number - number % 5 + 3
        known = secret if secret < count else 3
        tier = number % 4 + 1
        resources.append(kind.format(number=number, app=app, secret=known, tier=tier))
    files = [resources[start : start + 20] for start in range(0, count, 20)]
    for number, texts in enumerate(files):
        write(directory / f"resources{number}.yaml", "---\n".join(texts))
    listed = "".join(f"- resources{number}.yaml\n" for number in range(len(files)))
    write(directory / "kustomization.yaml", "resources:\n" + listed)


def make_overlay(directory: Path, below: str, name: str, inner: str, generated: str) -> None:
    """Write an overlay of `below`, in which names already have the prefix `inner`."""
    text = OVERLAY.format(below=below, name=name, inner=inner, generated=generated)
    write(directory / "kustomization.yaml", text)


def make(out: Path, size: str) -> Path:
    """Write the overlays called `size` below `out` and return the directory to build."""
    count = 60 if size == "chain" else int(size.removeprefix("n"))
    make_base(out / "base", count)
    depth = CHAIN if size == "chain" else 1
    inner, below = "", "../base"
    for level in range(depth):
        name, directory = f"l{level}", out / ("overlay" if level == depth - 1 else f"l{level}")
        make_overlay(directory, below, name, inner, "common" if level == 0 else f"common{level}")
        inner, below = f"{name}-{inner}", f"../l{level}"
    return out / "overlay"


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), sys.argv[2]))
