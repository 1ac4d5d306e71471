"""The examples build to their expected output with an empty PATH."""

import os
import subprocess
import sys

import pytest

from tests.cases import FIXTURES, PROJECT


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_shop(environment: str):
    done = subprocess.run(
        [sys.executable, "-m", "kmanifest", "build", f"examples/shop/overlays/{environment}"],
        cwd=PROJECT,
        env={**os.environ, "PATH": ""},
        capture_output=True,
        timeout=60,
        check=False,
    )
    golden = FIXTURES / "examples" / f"shop-{environment}" / "expected.yaml"
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == golden.read_bytes()
