"""Run the command `kmanifest` as `python -m kmanifest`."""

import sys

from kmanifest.cli.main import run

sys.exit(run())
