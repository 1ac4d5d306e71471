"""Generate the results of Helm's template functions: `tests/unit/helm_goldens.json`.

`python -m tests.helm_goldens` renders each template of that file with helm, and writes the results. The variable HELM
can name the executable; by default it is the one on the path. To add a case, add its template to the file by hand.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Any

GOLDENS = Path(__file__).parent / "unit" / "helm_goldens.json"
VALUES: dict[str, Any] = {
    "f": 1.5,
    "i": 42,
    "n": None,
    "l": [1, 2, "x"],
    "e": [],
    "m": {"a": 1, "z": {"y": None}},
}


def render(template: str, values: dict[str, Any]) -> dict[str, str]:
    """Return Helm's output for one template, or its error."""
    with tempfile.TemporaryDirectory() as directory:
        chart = Path(directory)
        (chart / "templates").mkdir()
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: t\nversion: 1.2.3\n")
        (chart / "values.yaml").write_text(json.dumps({**VALUES, **values}, ensure_ascii=False))
        (chart / "templates/_case.tpl").write_text(template)
        include = 'out: {{ include "t/templates/_case.tpl" . | b64enc }}\n'
        (chart / "templates/case.yaml").write_text(include)
        helm = os.environ.get("HELM", "helm")
        result = subprocess.run(
            [helm, "template", "rel", directory], capture_output=True, check=False
        )
    if result.returncode:
        text = result.stderr.decode().partition("\n\nUse --debug flag")[0].strip()
        return {"error": text.rpartition("error calling include: ")[2].removeprefix("Error: ")}
    match = re.search(rb"^out: *(.*)$", result.stdout, re.MULTILINE)
    output = b64decode(match[1]) if match is not None else b""
    return {"output": output.decode("utf-8", "surrogateescape").replace("<no value>", "")}


def main() -> None:
    cases = json.loads(GOLDENS.read_text("utf-8"))
    results = []
    for case in cases:
        values = case.get("values", {})
        inputs = {"template": case["template"], **({"values": values} if values else {})}
        results.append(inputs | render(case["template"], values))
    lines = ",\n".join(json.dumps(case) for case in results)
    GOLDENS.write_text(f"[\n{lines}\n]\n", "utf-8")
    sys.stdout.write(f"{len(results)} cases\n")


if __name__ == "__main__":
    main()
