"""A local web server for tests of downloads: git repositories over smart HTTP, files, and hostile responses.

`/NAME.git/…` is a repository in the served directory. Any other path is a file in it. Paths below `/private/` need
the login `USER`. The method `_NAME` sends the response for `/hostile/NAME`.
"""

import base64
import gzip
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

USER = "alice:s3cret-word"
GIT = (
    "git",
    "-c",
    "user.name=n",
    "-c",
    "user.email=e@example.org",
    "-c",
    "init.defaultBranch=main",
)


def git_missing() -> str:
    """Return the reason why repositories can't be served, or an empty string."""
    if shutil.which("git") is None:
        return "git is not on PATH"
    return "" if _backend().exists() else "git has no http-backend"


def git(directory: Path, *arguments: str) -> str:
    """Run git in a directory and return its stdout."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    result = subprocess.run(
        [*GIT, *arguments],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.strip()


def publish(source: Path, bare: Path) -> str:
    """Commit the files of `source` to the branch `main` of the bare repository `bare`. Return the commit id."""
    work = bare.with_suffix(".work")
    if not work.exists():
        work.mkdir(parents=True)
        git(work, "init", "--quiet")
    shutil.copytree(source, work, dirs_exist_ok=True, symlinks=True)
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "as it is")
    if not bare.exists():
        git(work, "init", "--quiet", "--bare", str(bare))
    git(work, "push", "--quiet", "--force", str(bare), "HEAD:refs/heads/main")
    return git(work, "rev-parse", "HEAD")


class Server:
    """A running server for the files below `root`.

    `requests`: the requested paths, in order. A request with a login has a `!` after its path.
    """

    def __init__(self, root: Path) -> None:
        self.requests: list[str] = []
        server = self

        class Handler(_Handler):
            root_directory = root

            def do_GET(self) -> None:
                login = "!" if self.headers.get("Authorization") else ""
                server.requests.append(self.path + login)
                super().do_GET()

            do_POST = do_GET  # noqa: N815 - http.server's name

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serving(root: Path) -> Iterator[Server]:
    """Run a server for the files below `root` during the block."""
    server = Server(root)
    try:
        yield server
    finally:
        server.close()


def _backend() -> Path:
    directory = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    return Path(directory.stdout.strip()) / "git-http-backend"


class _Handler(BaseHTTPRequestHandler):
    root_directory: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        login = "Basic " + base64.b64encode(USER.encode()).decode()
        with suppress(ConnectionError):
            if path.startswith("/hostile/"):
                getattr(self, "_" + path.split("/")[2])()
                self.close_connection = True
            elif path.startswith("/private/") and self.headers.get("Authorization") != login:
                self._answer(401, b"", ("WWW-Authenticate", 'Basic realm="here"'))
            elif ".git/" in path:
                self._serve_git()
            else:
                self._serve_file(path)

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _answer(self, code: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(code)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _serve_file(self, path: str) -> None:
        file = self.root_directory / path.lstrip("/")
        if file.is_file():
            self._answer(200, file.read_bytes())
        else:
            self._answer(404, b"")

    def _serve_git(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root_directory),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        request_body = self.rfile.read(length)
        output = subprocess.run(
            [_backend()], input=request_body, env=environment, capture_output=True, check=False
        ).stdout
        head, _, body = output.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if line]
        code = next((int(value[:3]) for name, value in headers if name == "Status"), 200)
        self._answer(code, body, *((n, v) for n, v in headers if n != "Status"))

    # Hostile responses. Each ends when the client closes the connection.

    def _begin(self, *headers: str) -> None:
        lines = ["HTTP/1.1 200 OK", *headers, "", ""]
        self.wfile.write("\r\n".join(lines).encode())

    def _drip(self, data: bytes) -> None:
        while True:
            self.wfile.write(data)
            time.sleep(0.05)

    def _stall(self) -> None:
        self._begin("Content-Length: 100")
        while not self.connection.recv(1):
            time.sleep(0.05)

    def _trickle(self) -> None:
        self._begin("Content-Length: 100000")
        self._drip(b"#")

    def _trickle_header(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        self._drip(b"x")

    def _trickle_chunk(self) -> None:
        self._begin("Transfer-Encoding: chunked")
        self._drip(b"0")

    def _truncated(self) -> None:
        self._begin("Content-Length: 1000")
        self.wfile.write(b"apiVersion: v1\n")

    def _endless(self) -> None:
        self._begin("Content-Type: text/plain")
        while True:
            self.wfile.write(b"# and on it goes\n" * 4096)

    def _bomb(self) -> None:
        body = gzip.compress(bytes(64 << 20))
        self._answer(200, body, ("Content-Encoding", "gzip"))

    def _loop(self) -> None:
        self._answer(302, b"", ("Location", "/hostile/loop"))

    def _elsewhere(self) -> None:
        port = self.headers["Host"].rpartition(":")[2]
        other = f"http://localhost:{port}/files/map.yaml"
        self._answer(302, b"", ("Location", other))

    def _to_file(self) -> None:
        self._answer(302, b"", ("Location", "file:///etc/hostname"))

    def _garbage(self) -> None:
        self.wfile.write(b"\x00\xff" * 1000)

    def _headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 10_000 + b"\r\n")
