"""Print a digest of each build of the examples and fixtures, to compare Python versions and environments.

python3.11 -m tests.digests > 3.11; python3.13 -m tests.digests > 3.13; cmp 3.11 3.13
python -m tests.digests 'kustomize/yaml-*'                     only fixtures whose names match
python -m tests.digests --list real.json                       also the directories of a list of real projects
python -m tests.digests --directory examples/shop/overlays/prod
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from tests.builds import Job, fixture_jobs


def main() -> int:
    """Print one line for each build."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("patterns", nargs="*", default=["*/*"])
    parser.add_argument("--list", help="a JSON file whose `items` name directories")
    parser.add_argument("--directory", action="append", default=[])
    options = parser.parse_args()
    jobs = [job for pattern in options.patterns for job in fixture_jobs(pattern)]
    jobs += [Job(directory, directory) for directory in options.directory]
    if options.list:
        items = json.loads(Path(options.list).read_text(encoding="utf-8"))["items"]
        jobs += [
            Job(item["name"], item["args"][0]) for item in items if item["kind"] == "kustomize"
        ]
    for job in jobs:
        digest = hashlib.sha256(job.outcome().encode("utf-8", "surrogateescape")).hexdigest()
        sys.stdout.write(f"{digest}  {job.name}\n")
    return 0 if jobs else 2


if __name__ == "__main__":
    sys.exit(main())
