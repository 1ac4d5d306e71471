"""Measure MB of YAML per CPU second for loading and dumping, with kmanifest.yaml and with kustomize's Go packages.

    python bench/throughput.py [FILE|DIRECTORY ...] [--rounds 5] [--iterations 3]

The first input is 1,000 generated Deployments. Each argument adds one: a YAML file, or a directory whose *.yaml files are
combined. Large ones in clones below REAL are REAL/argo-cd/manifests/install.yaml and
REAL/kube-prometheus/manifests/setup, the CRDs of prometheus-operator.

It needs Go, which builds the folder `goyaml` next to this file into a temporary directory. The two sides alternate. A round
is some passes over the input, after one that does not count; the mean of the best round is printed. CPU is user and system
time of the process, with the garbage collector of each language; `--no-gc` is without Python's, as in the command. `x` is
the CPU time of kmanifest divided by that of Go: below 1, kmanifest needs less. The exit code is 1 if a dumped document differs.
"""

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kmanifest import yaml
from kmanifest.model.values import Value

COUNT = 1000
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{number:04d}
  namespace: team-{team}
  labels:
    app.kubernetes.io/name: app-{number:04d}
    app.kubernetes.io/part-of: shop
    tier: {tier}
  annotations:
    example.com/owner: "team-{team}@example.com"
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app.kubernetes.io/name: app-{number:04d}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: app-{number:04d}
        tier: {tier}
    spec:
      containers:
        - name: main
          image: registry.example.com/shop/app-{number:04d}:1.{team}.{replicas}
          args: ["--listen=:8080", "--log=info"]
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: LOG_LEVEL
              value: info
            - name: WORKERS
              value: "{replicas}"
            - name: PASSWORD
              valueFrom:
                secretKeyRef:
                  name: app-{number:04d}
                  key: password
          resources:
            requests:
              cpu: {replicas}00m
              memory: 128Mi
            limits:
              memory: {replicas}Gi
          readinessProbe:
            httpGet:
              path: /ready
              port: http
            periodSeconds: 10
          livenessProbe:
            httpGet:
              path: /live
              port: http
            initialDelaySeconds: {delay}  # it fills its cache first
      securityContext:
        runAsNonRoot: true
        runAsUser: {user}
"""


def deployments() -> bytes:
    """Return the same Deployments each time, in block style."""
    texts = (
        DEPLOYMENT.format(
            number=number,
            team=number % 17,
            tier=("web", "worker", "cache")[number % 3],
            replicas=number % 4 + 1,
            delay=5 * (number % 7),
            user=10_000 + number,
        )
        for number in range(COUNT)
    )
    return "---\n".join(texts).encode()


def read(path: Path) -> bytes:
    """Return a file, or the YAML files of a directory as one."""
    if path.is_file():
        return path.read_bytes()
    return b"\n---\n".join(each.read_bytes().strip() for each in sorted(path.glob("*.yaml")))


def cost(iterations: int, work: Callable[[], object]) -> float:
    """Return the CPU seconds of one pass: the mean of some, after one that does not count."""
    work()
    gc.collect()
    start = time.process_time()
    for _ in range(iterations):
        work()
    return (time.process_time() - start) / iterations


def dump(documents: list[Value]) -> list[str]:
    """Return the text of each document, by one Dumper, as in a build."""
    dumper = yaml.Dumper()
    return [dumper.dump(document) for document in documents]


def ours(data: bytes, iterations: int) -> dict[str, float]:
    """Return the seconds of a pass in this process."""
    costs = {"load": cost(iterations, lambda: yaml.load_documents(data))}
    documents = yaml.load_documents(data)
    return {**costs, "dump": cost(iterations, lambda: dump(documents))}


def compare(data: bytes, program: Path, rounds: int, iterations: int) -> tuple[str, bool]:
    """Return one line of the table, and whether all documents are equal."""
    source, printed = program.with_name("input.yaml"), program.with_name("texts.json")
    source.write_bytes(data)
    command = [str(program), "-iterations", str(iterations), "-texts", str(printed), str(source)]
    measured: list[dict[str, float]] = []
    for _ in range(rounds):
        theirs = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        measured.append({**ours(data, iterations), **{f"go {key}": theirs[key] for key in theirs}})
    best = {key: min(each[key] for each in measured) for key in measured[0]}
    texts, wanted = dump(yaml.load_documents(data)), json.loads(printed.read_bytes())
    same = texts == wanted
    read_size, printed_size = len(data) / 1e6, sum(len(text.encode()) for text in texts) / 1e6
    cells = [
        f"{read_size:6.2f} {len(texts):5}",
        *(f"{read_size / best[key]:6.1f}" for key in ("load", "go node", "go any", "go sigs")),
        *(f"{best['load'] / best[key]:6.2f}" for key in ("go node", "go any")),
        *(f"{printed_size / best[key]:6.1f}" for key in ("dump", "go dump")),
        f"{best['dump'] / best['go dump']:6.2f}",
        "same" if same else "DIFFERENT",
    ]
    return " ".join(cells), same


def main() -> int:
    """Measure the Deployments and the inputs of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=3)
    parser.add_argument("--no-gc", action="store_true")
    options = parser.parse_args()
    if options.no_gc:
        gc.disable()
    inputs = {"deployments": deployments()}
    inputs.update(("/".join(path.resolve().parts[-2:]), read(path)) for path in options.inputs)
    print(f"kmanifest.yaml: {yaml.BACKEND}; MB per CPU second")
    print(f"{'':24}               load                                      dump")
    print(
        f"{'input':24}     MB  docs   ours   node    any   sigs x node  x any   ours   sigs      x"
    )
    agree = True
    with tempfile.TemporaryDirectory() as temporary:
        program = Path(temporary) / "yaml"
        build = ["go", "build", "-o", str(program), "."]
        subprocess.run(build, cwd=Path(__file__).with_name("goyaml"), check=True)
        for name, data in inputs.items():
            line, same = compare(data, program, options.rounds, options.iterations)
            agree = agree and same
            print(f"{name:24} {line}", flush=True)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
