"""Templates with kmanifest's bounds and with plain jinja2: CPU seconds of 100 templates of 200 lines, compiled and rendered.

    python bench/jinja.py

The two take turns in one process. The last line is the ratio of the best times.
"""

import gc
import time

from jinja2 import DictLoader, Environment, StrictUndefined

from kmanifest.engines.jinja.options import JinjaOptions
from kmanifest.engines.jinja.rendering import TemplateRenderer
from kmanifest.io.tree import MemoryTree
from kmanifest.pipeline.context import Context
from kmanifest.pipeline.registry import Registry

ROUNDS = 7
DOCUMENT = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ values.name }}-NUMBER
  labels: {{ values.labels | tojson }}
spec:
  replicas: {{ values.replicas + 1 }}
  template:
    spec:
      containers:
      {% for port in values.ports %}
      - name: c{{ loop.index }}
        image: {{ values.image.name ~ ':' ~ values.image.tag }}
        {% if port > 100 %}
        ports: [{containerPort: {{ port }}}]
        {% endif %}
      {% endfor %}
      nodeSelector: {% for k, v in values.labels | dictsort %}{{ k }}={{ v | upper }} {% endfor %}

"""
TEMPLATE = (DOCUMENT * 10)[:-1]
VALUES = {
    "name": "web",
    "labels": {"app": "web", "tier": "front"},
    "replicas": 3,
    "ports": [80, 443, 8081],
    "image": {"name": "repo/web", "tag": "v1"},
}
FILES = {f"t{n}.yaml.j2": TEMPLATE.replace("NUMBER", str(n)) for n in range(100)}


def plain() -> list[str]:
    """Return the templates rendered by jinja2."""
    environment = Environment(
        loader=DictLoader(FILES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML, not HTML
    )
    return [environment.get_template(name).render(values=VALUES, env={}) for name in FILES]


def bounded() -> list[str]:
    """Return the templates rendered by kmanifest."""
    ctx = Context(MemoryTree(FILES), Registry())
    renderer = TemplateRenderer(ctx, JinjaOptions(values=VALUES))
    return [renderer.render(name) for name in FILES]


def main() -> None:
    """Print the times."""
    if plain() != bounded():
        raise SystemExit("the two differ")
    best = {plain: float("inf"), bounded: float("inf")}
    for _ in range(ROUNDS):
        for run, known in list(best.items()):
            gc.collect()
            start = time.process_time()
            run()
            best[run] = min(known, time.process_time() - start)
    print(f"lines of a template: {TEMPLATE.count(chr(10))}")
    for run, seconds in best.items():
        print(f"{run.__name__:8} {seconds:.3f} s")
    print(f"ratio {best[bounded] / best[plain]:.2f}")


if __name__ == "__main__":
    main()
