"""Builds of all examples and fixtures start no process, open no socket and write no file. An audit hook checks this."""

from tests.builds import fixture_jobs, run_python

PROGRAM = """
import os, sys

def refuse(event, arguments):
    forbidden = event.startswith(("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "socket."))
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if forbidden or writes or event in ("os.mkdir", "os.remove", "os.rename", "os.chdir", "os.putenv"):
        sys.stderr.write(f"{event} {arguments}\\n")
        os._exit(3)

from tests.builds import fixture_jobs

jobs = fixture_jobs()
outcomes = [job.outcome() for job in jobs]  # imports, and their .pyc files
sys.addaudithook(refuse)
assert [job.outcome() for job in jobs] == outcomes
print(len(outcomes))
"""


def test_builds_start_no_process_open_no_socket_and_write_no_file():
    result = run_python(["-B", "-c", PROGRAM], environment={"PATH": ""})
    assert (result.returncode, result.stderr) == (0, "")
    assert int(result.stdout) == len(fixture_jobs())
