"""Chart repositories and registries on loopback.

Tests publish packages and indexes, push charts to Debian's docker-registry, and set hostile responses.
"""

import gzip
import io
import json
import shutil
import socket
import subprocess
import tarfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

import bcrypt

from tests.cases import reason_missing

HELM = "helm"
REGISTRY = shutil.which("docker-registry") or ""
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MAP = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Chart.Name }}-{{ .Chart.Version }}'}\n"
)
LOGIN = ("alice", "s3cret-word")


def helm_missing() -> str:
    """Return why helm can't be run, or an empty string."""
    return reason_missing(HELM, "v3.22.0")


def basic_authorization(login: tuple[str, str]) -> str:
    """Return the value of the `Authorization` header for a login."""
    return "Basic " + b64encode(":".join(login).encode()).decode()


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def package(name: str, version: str, files: Mapping[str, str] | None = None) -> bytes:
    """Return a packaged chart, always with the same bytes."""
    contents = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n",
        "templates/map.yaml": MAP,
        **(files or {}),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in contents.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(buffer.getvalue(), mtime=0)


def index(*entries: Mapping[str, object]) -> bytes:
    """Return an index of these versions."""
    charts: dict[str, list[object]] = {}
    for entry in entries:
        charts.setdefault(str(entry["name"]), []).append({"apiVersion": "v2", **entry})
    return json.dumps({"apiVersion": "v1", "entries": charts}).encode()


def publish(directory: Path, *packages: tuple[str, str], digests: bool = True) -> None:
    """Write a chart repository with these names and versions into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, version in packages:
        content = package(name, version)
        file_name = f"{name}-{version}.tgz"
        (directory / file_name).write_bytes(content)
        entry = {"name": name, "version": version, "urls": [file_name]}
        entries.append({**entry, "digest": digest(content)} if digests else entry)
    (directory / "index.yaml").write_bytes(index(*entries))


AnswerFunction = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Serves files of a directory, or calls a function of the test."""

    protocol_version = "HTTP/1.1"
    chart_server: "ChartServer"

    def do_GET(self) -> None:
        self.chart_server.requests.append(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "POST":
            self.chart_server.forms.append(dict(parse_qsl(body.decode())))
        self.chart_server.logins.append(self.headers.get("Authorization", ""))
        answer = self.chart_server.answers.get(self.path.split("?")[0])
        with suppress(ConnectionError):
            if (
                self.chart_server.login
                and self.headers.get("Authorization") != self.chart_server.login
            ):
                self.answer(b"", 401, ("WWW-Authenticate", 'Basic realm="here"'))
            elif answer is not None:
                answer(self)
            else:
                file = self.chart_server.root / self.path.split("?")[0].lstrip("/")
                self.answer(
                    file.read_bytes() if file.is_file() else b"", 200 if file.is_file() else 404
                )

    do_POST = do_GET  # noqa: N815 - http.server's name

    def answer(self, body: bytes, code: int = 200, *headers: tuple[str, str]) -> None:
        self.send_response(code)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class ChartServer:
    """A running server.

    It records the paths of `requests`, their `logins` and the posted `forms`, in order of arrival.
    """

    def __init__(self, root: Path, login: tuple[str, str] | None = None) -> None:
        self.root = root
        self.requests: list[str] = []
        self.logins: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.answers: dict[str, AnswerFunction] = {}
        self.login = basic_authorization(login) if login else ""
        kind = type("Bound", (Handler,), {"chart_server": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def take_requests(self) -> list[str]:
        """Return the requests since the last call."""
        requests = list(self.requests)
        self.requests.clear()
        return requests

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def serve_charts(root: Path, login: tuple[str, str] | None = None) -> Iterator[ChartServer]:
    """Serve the files in a directory during the block."""
    server = ChartServer(root, login)
    try:
        yield server
    finally:
        server.close()


TOKEN = "identity-t0ken"


def artifact(name: str, version: str) -> dict[str, bytes]:
    """Return a registry's responses for a packaged chart, by path: manifest, config blob and chart blob."""
    config = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
    blobs = {CONFIG: config, CHART: package(name, version)}
    descriptors = [
        {"mediaType": media_type, "digest": "sha256:" + digest(blob), "size": len(blob)}
        for media_type, blob in blobs.items()
    ]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptors[0],
        "layers": descriptors[1:],
    }
    answers = {f"/v2/{name}/manifests/{version}": json.dumps(manifest).encode()}
    return answers | {f"/v2/{name}/blobs/sha256:{digest(blob)}": blob for blob in blobs.values()}


def _fixed_answer(body: bytes, media_type: str) -> AnswerFunction:
    return lambda handler: handler.answer(
        body, 200, *([("Content-Type", media_type)] if media_type else [])
    )


def serve_as_registry(server: ChartServer, name: str, version: str) -> tuple[str, str]:
    """Let a server act as a registry with one chart. Return the paths of its manifest and of its chart blob."""
    answers = artifact(name, version)
    for path, body in answers.items():
        server.answers[path] = _fixed_answer(body, MANIFEST if "manifests" in path else "")
    manifest, _, chart = answers
    return manifest, chart


def require_token(server: ChartServer, realm: str) -> None:
    """Let a server act as a registry with `c:1.0.0` that requires an access token.

    The challenge refers to the token server `realm`. The server's own `/token` exchanges TOKEN for an access token.
    """
    challenge = f'Bearer realm="{realm}",service="here",scope="repository:c:pull"'

    def with_token_check(answer_function: AnswerFunction) -> AnswerFunction:
        def answer(handler: Handler) -> None:
            if handler.headers.get("Authorization") == "Bearer given":
                answer_function(handler)
            else:
                handler.answer(b"{}", 401, ("WWW-Authenticate", challenge))

        return answer

    def give_token(handler: Handler) -> None:
        forms = handler.chart_server.forms
        is_known = bool(forms) and forms[-1].get("refresh_token") == TOKEN
        handler.answer(
            b'{"access_token": "given"}' if is_known else b"{}", 200 if is_known else 401
        )

    serve_as_registry(server, "c", "1.0.0")
    server.answers = {path: with_token_check(answer) for path, answer in server.answers.items()}
    server.answers["/token"] = give_token


class Registry(NamedTuple):
    """A running docker-registry. `login` is the `Authorization` header that it requires, if any."""

    host: str
    log: Path
    login: str = ""

    def push(self, name: str, version: str) -> str:
        """Push a packaged chart as `charts/NAME:VERSION` and return the digest of its manifest."""
        config = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
        content = package(name, version)
        descriptors = [
            self._blob(name, media_type, blob)
            for media_type, blob in ((CONFIG, config), (CHART, content))
        ]
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": descriptors[0],
                "layers": descriptors[1:],
            }
        ).encode()
        tag = version.replace("+", "_")
        self._send("PUT", f"{self._base(name)}/manifests/{tag}", manifest, MANIFEST)
        return "sha256:" + digest(manifest)

    def count_requests(self) -> int:
        """Return the number of requests, after all of them are in the log."""
        size = -1
        while size != (size := self.log.stat().st_size):
            time.sleep(0.05)
        return self.log.read_bytes().count(b'"GET /v2/')

    def _base(self, name: str) -> str:
        return f"http://{self.host}/v2/charts/{name}"

    def _blob(self, name: str, media_type: str, content: bytes) -> dict[str, object]:
        blob_digest = "sha256:" + digest(content)
        upload_url = self._send("POST", f"{self._base(name)}/blobs/uploads/", b"", "")
        self._send("PUT", f"{upload_url}&digest={blob_digest}", content, "application/octet-stream")
        return {"mediaType": media_type, "digest": blob_digest, "size": len(content)}

    def _send(self, method: str, url: str, body: bytes, content_type: str) -> str:
        headers = {
            "Content-Type": content_type,
            **({"Authorization": self.login} if self.login else {}),
        }
        request = Request(url, data=body, method=method, headers=headers)
        with urlopen(request, timeout=10) as response:
            return str(response.headers.get("Location", ""))


@contextmanager
def registry(directory: Path, login: tuple[str, str] | None = None) -> Iterator[Registry]:
    """Run a docker-registry during the block. It stores its data in a directory."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
        "log": {"level": "error", "accesslog": {"disabled": False}},
    }
    if login is not None:
        password_file = directory / "htpasswd"
        password_file.write_bytes(
            login[0].encode() + b":" + bcrypt.hashpw(login[1].encode(), bcrypt.gensalt(4))
        )
        settings["auth"] = {"htpasswd": {"realm": "here", "path": str(password_file)}}
    (directory / "registry.yml").write_text(json.dumps(settings), encoding="utf-8")
    log = directory / "registry.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [REGISTRY, "serve", str(directory / "registry.yml")], stdout=stream, stderr=stream
        )
    try:
        _wait(port)
        yield Registry(f"127.0.0.1:{port}", log, basic_authorization(login) if login else "")
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("docker-registry has not started")
