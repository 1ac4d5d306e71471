"""Run the command `kmanifest` as `python -m kmanifest`."""

import sys

if not sys.flags.safe_path:
    # Python put the current directory here. A repository must not be able to replace a module that is imported below.
    del sys.path[0]

from kmanifest.cli.main import run

sys.exit(run())
