"""What it costs to keep the bodies in a shared cache safe from callers that change what they got.

    python bench/shared_cache.py [--rounds 7]

For bases of 1, 100 and 1,000 objects: milliseconds of one build (medians, the variants by turns), and the sum of 100
builds that share a cache. `none` copies nothing, which is not safe. `leave` is kmanifest: bodies are copied when
`Rendered.resources` is read. `hit` copies what the cache gives instead, in `find` and `keep`. `text` builds and prints;
`bodies` reads all resources, as an operator does.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Hashable
from typing import Any

from kmanifest import MemoryCache, MemoryTree, Rendered, build
from kmanifest.engines.kustomize.base_cache import CachedBase
from kmanifest.model.resourcemap import ResourceMap
from kmanifest.pipeline.parsing import LoadedObject

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{n}, labels: {{app: app-{n}, tier: web}}}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: app-{n}}}}}
  template:
    metadata: {{labels: {{app: app-{n}}}}}
    spec:
      containers:
      - name: main
        image: nginx:1.2
        env: [{{name: A, value: b}}, {{name: C, value: d}}]
        ports: [{{containerPort: 80, name: http}}]
        resources: {{limits: {{cpu: 1, memory: 1Gi}}, requests: {{cpu: 100m, memory: 100Mi}}}}
      volumes: [{{name: v, configMap: {{name: map-{n}}}}}]
"""


class CopyingCache(MemoryCache):
    """A cache that copies the bodies in what it stores and in what it returns."""

    def find(self, key: Hashable) -> Any:
        """Return a copy of a stored value."""
        return _copied(super().find(key))

    def keep(self, key: Hashable, value: Any, *, weight: int) -> None:
        """Store a copy."""
        super().keep(key, _copied(value), weight=weight)


def _copied(value: Any) -> Any:
    from kmanifest.model.fieldpath import deep_copy

    if isinstance(value, list) and value and isinstance(value[0], LoadedObject):
        return [each._replace(body=deep_copy(each.body)) for each in value]
    if isinstance(value, CachedBase):
        accumulated = value.result.result
        resources = ResourceMap(
            [each.with_body(each.copy_body()) for each in accumulated.resources]
        )
        result = value.result._replace(result=accumulated._replace(resources=resources))
        return value._replace(result=result)
    return value


def tree_of(count: int) -> MemoryTree:
    """An overlay over a base of `count` objects."""
    objects = "---\n".join(DEPLOYMENT.format(n=number) for number in range(count))
    return MemoryTree(
        {
            "kustomization.yaml": "namePrefix: p-\nresources: [base]\n",
            "base/kustomization.yaml": "labels: [{pairs: {a: b}}]\nresources: [all.yaml]\n",
            "base/all.yaml": objects,
        }
    )


def bodies_without_copy(rendered: Rendered) -> object:
    """Read all bodies as they are in the cache."""
    return [resource.body for resource in rendered.read_only_resources]


def bodies(rendered: Rendered) -> object:
    """Read all bodies."""
    return [resource.body for resource in rendered.resources]


VARIANTS: dict[str, tuple[type[MemoryCache], Callable[[Rendered], object]]] = {
    "none text": (MemoryCache, Rendered.text),
    "leave text": (MemoryCache, Rendered.text),
    "hit text": (CopyingCache, Rendered.text),
    "none bodies": (MemoryCache, bodies_without_copy),
    "leave bodies": (MemoryCache, bodies),
    "hit bodies": (CopyingCache, bodies_without_copy),
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(f"{'objects':>7}  " + "  ".join(f"{name:>12}" for name in VARIANTS))
    for count in (1, 100, 1_000):
        tree = tree_of(count)
        caches = {name: cache() for name, (cache, _) in VARIANTS.items()}
        times: dict[str, list[float]] = {name: [] for name in VARIANTS}
        repeat = max(1, 100 // count)
        for _ in range(rounds + 1):
            for name, (_, read) in VARIANTS.items():
                start = time.process_time()
                for _ in range(repeat):
                    read(build(tree=tree, cache=caches[name]))
                times[name].append((time.process_time() - start) * 1e3 / repeat)
        row = [statistics.median(times[name][1:]) for name in VARIANTS]
        print(f"{count:>7}  " + "  ".join(f"{value:>12.2f}" for value in row))
    tree = tree_of(100)
    totals = []
    for cache_class, read in VARIANTS.values():
        cache, start = cache_class(), time.process_time()
        for _ in range(100):
            read(build(tree=tree, cache=cache))
        totals.append((time.process_time() - start) * 1e3)
    print("100x100  " + "  ".join(f"{value:>12.0f}" for value in totals))


if __name__ == "__main__":
    main()
