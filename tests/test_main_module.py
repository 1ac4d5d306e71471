"""`python -m kmanifest` imports nothing from the current directory."""

import subprocess
import sys
from pathlib import Path


def test_a_repository_can_not_replace_a_module(tmp_path: Path):
    for name in ("kmanifest_native", "re", "gc", "pluggy", "json"):
        (tmp_path / f"{name}.py").write_text("print('PWNED by a module of the repository')\n")
    metadata = tmp_path / "evil-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[kmanifest]\nevil = evil_plugins\n")
    (tmp_path / "evil_plugins.py").write_text("print('PWNED by an entry point')\n")
    (tmp_path / "kustomization.yaml").write_text("generators: [g.yaml]\n")
    (tmp_path / "g.yaml").write_text(
        "apiVersion: evil.example/v1\nkind: Unknown\nmetadata: {name: g}\n"
    )
    result = subprocess.run(
        [sys.executable, "-m", "kmanifest", "build", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "external plugins disabled" in result.stderr
    assert "PWNED" not in result.stdout + result.stderr
