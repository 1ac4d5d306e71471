"""`python -m kmanifest`: the same command as the script `kmanifest`."""

import sys

from kmanifest.cli.main import run

sys.exit(run())
