"""Charts in repositories and registries on loopback: packages, an index, pushes into Debian's docker-registry, hostile servers."""

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
    """Why the reference can't be asked; empty where it can."""
    return reason_missing(HELM, "v3.22.0")


def basic(login: tuple[str, str]) -> str:
    """A login as a header has it."""
    return "Basic " + b64encode(":".join(login).encode()).decode()


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def package(name: str, version: str, files: Mapping[str, str] | None = None) -> bytes:
    """A packaged chart, with the same bytes each time."""
    there = {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n",
        "templates/map.yaml": MAP,
        **(files or {}),
    }
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for path, text in there.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return gzip.compress(made.getvalue(), mtime=0)


def index(*entries: Mapping[str, object]) -> bytes:
    """An index of these versions."""
    charts: dict[str, list[object]] = {}
    for entry in entries:
        charts.setdefault(str(entry["name"]), []).append({"apiVersion": "v2", **entry})
    return json.dumps({"apiVersion": "v1", "entries": charts}).encode()


def publish(directory: Path, *packages: tuple[str, str], digests: bool = True) -> None:
    """Make a directory a repository of charts with these names and versions."""
    directory.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, version in packages:
        content = package(name, version)
        file = f"{name}-{version}.tgz"
        (directory / file).write_bytes(content)
        entry = {"name": name, "version": version, "urls": [file]}
        entries.append({**entry, "digest": digest(content)} if digests else entry)
    (directory / "index.yaml").write_bytes(index(*entries))


Answering = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers with files of a directory, or as a function of the test does."""

    protocol_version = "HTTP/1.1"
    site: "Site"

    def do_GET(self) -> None:
        self.site.requests.append(self.path)
        posted = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command == "POST":
            self.site.forms.append(dict(parse_qsl(posted.decode())))
        self.site.logins.append(self.headers.get("Authorization", ""))
        answer = self.site.answers.get(self.path.split("?")[0])
        with suppress(ConnectionError):
            if self.site.login and self.headers.get("Authorization") != self.site.login:
                self.answer(b"", 401, ("WWW-Authenticate", 'Basic realm="here"'))
            elif answer is not None:
                answer(self)
            else:
                file = self.site.root / self.path.split("?")[0].lstrip("/")
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
        """Say nothing."""


class Site:
    """A running server; `requests`, the `logins` sent with them, and the `forms` posted are in the order of their coming."""

    def __init__(self, root: Path, login: tuple[str, str] | None = None) -> None:
        self.root = root
        self.requests: list[str] = []
        self.logins: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.answers: dict[str, Answering] = {}
        self.login = basic(login) if login else ""
        kind = type("Bound", (Handler,), {"site": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def asked(self) -> list[str]:
        """The requests since the last call."""
        found = list(self.requests)
        self.requests.clear()
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def site(root: Path, login: tuple[str, str] | None = None) -> Iterator[Site]:
    """A server of the files in a directory, as long as the block takes."""
    made = Site(root, login)
    try:
        yield made
    finally:
        made.close()


TOKEN = "identity-t0ken"


def artifact(name: str, version: str) -> dict[str, bytes]:
    """What a registry answers of a packaged chart, by path: the manifest, then the blobs of config and chart."""
    facts = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
    blobs = {CONFIG: facts, CHART: package(name, version)}
    parts = [
        {"mediaType": kind, "digest": "sha256:" + digest(blob), "size": len(blob)}
        for kind, blob in blobs.items()
    ]
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
    answers = {f"/v2/{name}/manifests/{version}": json.dumps(manifest).encode()}
    return answers | {f"/v2/{name}/blobs/sha256:{digest(blob)}": blob for blob in blobs.values()}


def _answering(body: bytes, kind: str) -> Answering:
    return lambda handler: handler.answer(body, 200, *([("Content-Type", kind)] if kind else []))


def be_registry(made: Site, name: str, version: str) -> tuple[str, str]:
    """Let a site be a registry with one chart; the paths of its manifest and of the blob with the chart."""
    answers = artifact(name, version)
    for path, body in answers.items():
        made.answers[path] = _answering(body, MANIFEST if "manifests" in path else "")
    manifest, _, chart = answers
    return manifest, chart


def wants_token(made: Site, realm: str) -> None:
    """Let a site be a registry with `c:1.0.0` for those who have a token of `realm`, or of its own `/token`, for TOKEN."""
    challenge = f'Bearer realm="{realm}",service="here",scope="repository:c:pull"'

    def answering(open_to_all: Answering) -> Answering:
        def answer(handler: Handler) -> None:
            if handler.headers.get("Authorization") == "Bearer given":
                open_to_all(handler)
            else:
                handler.answer(b"{}", 401, ("WWW-Authenticate", challenge))

        return answer

    def give(handler: Handler) -> None:
        forms = handler.site.forms
        is_known = bool(forms) and forms[-1].get("refresh_token") == TOKEN
        handler.answer(
            b'{"access_token": "given"}' if is_known else b"{}", 200 if is_known else 401
        )

    be_registry(made, "c", "1.0.0")
    made.answers = {path: answering(answer) for path, answer in made.answers.items()}
    made.answers["/token"] = give


class Registry(NamedTuple):
    """A running docker-registry; `login` is the header that it wants, if any."""

    host: str
    log: Path
    login: str = ""

    def push(self, name: str, version: str) -> str:
        """Push a packaged chart as `charts/NAME:VERSION`; the digest of its manifest."""
        facts = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
        content = package(name, version)
        parts = [self._blob(name, kind, blob) for kind, blob in ((CONFIG, facts), (CHART, content))]
        manifest = json.dumps(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
        ).encode()
        tag = version.replace("+", "_")
        self._send("PUT", f"{self._base(name)}/manifests/{tag}", manifest, MANIFEST)
        return "sha256:" + digest(manifest)

    def asked(self) -> int:
        """How many requests there were, once all of them are in the log."""
        size = -1
        while size != (size := self.log.stat().st_size):
            time.sleep(0.05)
        return self.log.read_bytes().count(b'"GET /v2/')

    def _base(self, name: str) -> str:
        return f"http://{self.host}/v2/charts/{name}"

    def _blob(self, name: str, kind: str, content: bytes) -> dict[str, object]:
        named = "sha256:" + digest(content)
        place = self._send("POST", f"{self._base(name)}/blobs/uploads/", b"", "")
        self._send("PUT", f"{place}&digest={named}", content, "application/octet-stream")
        return {"mediaType": kind, "digest": named, "size": len(content)}

    def _send(self, method: str, url: str, body: bytes, kind: str) -> str:
        headers = {"Content-Type": kind, **({"Authorization": self.login} if self.login else {})}
        request = Request(url, data=body, method=method, headers=headers)
        with urlopen(request, timeout=10) as answer:
            return str(answer.headers.get("Location", ""))


@contextmanager
def registry(directory: Path, login: tuple[str, str] | None = None) -> Iterator[Registry]:
    """A docker-registry that keeps what it has in a directory, as long as the block takes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "version": 0.1,
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
        "log": {"level": "error", "accesslog": {"disabled": False}},
    }
    if login is not None:
        file = directory / "htpasswd"
        file.write_bytes(
            login[0].encode() + b":" + bcrypt.hashpw(login[1].encode(), bcrypt.gensalt(4))
        )
        settings["auth"] = {"htpasswd": {"realm": "here", "path": str(file)}}
    (directory / "registry.yml").write_text(json.dumps(settings), encoding="utf-8")
    log = directory / "registry.log"
    with log.open("wb") as stream:
        started = subprocess.Popen(
            [REGISTRY, "serve", str(directory / "registry.yml")], stdout=stream, stderr=stream
        )
    try:
        _wait(port)
        yield Registry(f"127.0.0.1:{port}", log, basic(login) if login else "")
    finally:
        started.terminate()
        started.wait(10)


def _wait(port: int) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("docker-registry has not started")
