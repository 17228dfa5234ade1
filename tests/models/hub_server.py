"""A process that answers as the Hugging Face hub does, as far as finding and fetching models goes.

    python hub_server.py ROOT

ROOT/AUTHOR/NAME/ is a repository. Prints two ports: of the hub, and of the host that it sends on to for large files, as
the real one does. Every request goes to ROOT/requests.log as "HOST METHOD PATH RANGE TOKEN", TOKEN being "-" for none.

A file ROOT/AUTHOR/NAME/.behaviour holds words:
    gated     given only for the token "hf_good"; "hf_other" is known and not allowed; anything else is refused
    broken    error 500
    busy      429 with Retry-After, the first time a large file is asked for
    cut       the connection breaks once, halfway through a large file
    hold      the first answer with a large file stops halfway until the client has gone
    damaged   the first answer with a large file has a wrong byte; "damaged-always": every one
    whole     ranges are not honoured: everything is sent again
    huge      sizes that no disk has room for
    silent    no answer at all
A file .card holds JSON that is added to what the hub says of the repository: downloads, tags, config, safetensors ...
"""

import hashlib
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ROOT = Path(sys.argv[1])
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".safetensors", ".bin")
CDN_PORT = 0
seen: set[tuple[str, Path]] = set()
writing = threading.Lock()


def is_first(word: str, path: Path) -> bool:
    """Whether this behaviour is asked of this file for the first time."""
    with writing:
        is_new = (word, path) not in seen
        seen.add((word, path))
        return is_new


class Host(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    name = ""

    def do_HEAD(self) -> None:
        self.begin(is_head=True)

    def do_GET(self) -> None:
        self.begin(is_head=False)

    def begin(self, is_head: bool) -> None:
        token = self.headers.get("Authorization", "-").removeprefix("Bearer ")
        with writing, (ROOT / "requests.log").open("a", encoding="utf-8") as log:
            log.write(f"{self.name} {self.command} {self.path} {self.headers.get('Range', '-')} {token}\n")
        self.answer(urlsplit(self.path), token, is_head)

    def answer(self, url: Any, token: str, is_head: bool) -> None:
        raise NotImplementedError

    def send_json(self, value: object) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def send_error_code(self, status: int, code: str, message: str) -> None:
        self.send(status, b"" if self.command == "HEAD" else b"{}", {"X-Error-Code": code, "X-Error-Message": message})

    def log_message(self, *args: object) -> None:
        pass


class Hub(Host):
    name = "hub"

    def answer(self, url: Any, token: str, is_head: bool) -> None:
        parts = unquote(url.path).strip("/").split("/")
        if parts == ["api", "models"]:
            self.search(parse_qs(url.query))
            return
        is_api = parts[:2] == ["api", "models"]
        author, name, *rest = parts[2:] if is_api else [*parts, "", ""]
        folder = ROOT / author / name
        if not name or not folder.is_dir():
            # Without a token the hub does not say whether a repository exists.
            self.send_error_code(401, "RepoNotFound", "Repository not found")
            return
        behaviour = behaviour_of(folder)
        if token not in ("-", "hf_good", "hf_other"):
            self.send(401, b"{}", {"X-Error-Message": "Invalid credentials in Authorization header"})
        elif "silent" in behaviour:
            self.connection.recv(1)
            self.close_connection = True
        elif "broken" in behaviour:
            self.send(500, b"{}")
        elif is_api and rest[:1] == ["revision"] and rest[1] not in (COMMIT, "main"):
            self.send_error_code(404, "RevisionNotFound", "Invalid rev id")
        elif is_api:
            self.send_json(describe(folder))
        elif "gated" in behaviour and token == "-":
            self.send_error_code(401, "GatedRepo", "Access to this model is restricted. You must be authenticated")
        elif "gated" in behaviour and token != "hf_good":
            self.send_error_code(403, "GatedRepo", "Access to this model is restricted and you are not on the list")
        elif not (folder / rest[2]).is_file():
            self.send_error_code(404, "EntryNotFound", "Entry not found")
        else:
            self.send_file(folder / rest[2], behaviour, is_head)

    def send_file(self, path: Path, behaviour: set[str], is_head: bool) -> None:
        content = path.read_bytes()
        headers = {"X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if path.name.endswith(LARGE):
            if "busy" in behaviour and is_first("busy", path):
                self.send(429, b"", {"Retry-After": "1"})
                return
            headers |= {"X-Linked-Size": str(len(content)), "X-Linked-ETag": f'"{checksum(path)}"'}
            headers["Location"] = f"http://127.0.0.1:{CDN_PORT}/{path.relative_to(ROOT).as_posix()}?signature=x"
            self.send(302, b"", headers)
            return
        self.send(200, b"" if is_head else content, {**headers, "ETag": f'"{checksum(path)}"'}, length=len(content))

    def search(self, query: dict[str, list[str]]) -> None:
        words = query.get("search", [""])[0].lower()
        if words == "silence":
            self.connection.recv(1)
            self.close_connection = True
            return
        found = [describe(folder) for folder in sorted(ROOT.glob("*/*")) if words in f"{folder.parent.name}/{folder.name}".lower()]
        self.send_json(found[: int(query.get("limit", ["100"])[0])])


class Cdn(Host):
    name = "cdn"

    def answer(self, url: Any, token: str, is_head: bool) -> None:
        path = ROOT / unquote(url.path).strip("/")
        behaviour, content = behaviour_of(path.parent), path.read_bytes()
        start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        if start >= len(content):
            self.send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        if "damaged-always" in behaviour or ("damaged" in behaviour and is_first("damaged", path)):
            content = content[:-1] + bytes([content[-1] ^ 1])
        is_partial = "Range" in self.headers and "whole" not in behaviour
        headers = {"Accept-Ranges": "bytes"}
        if is_partial:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:] if is_partial else content
        breaks = [word for word in ("cut", "hold") if word in behaviour and not is_head and is_first(word, path)]
        if breaks:
            self.send(206 if is_partial else 200, body[: len(body) // 2], headers, length=len(body))
            self.wfile.flush()
            if breaks == ["hold"]:
                self.connection.recv(1)  # until the client has gone
            self.close_connection = True
            return
        self.send(206 if is_partial else 200, b"" if is_head else body, headers, length=len(body))


def behaviour_of(folder: Path) -> set[str]:
    path = folder / ".behaviour"
    return set(path.read_text("utf-8").split()) if path.exists() else set()


def checksum(path: Path) -> str:
    """SHA-256 of a large file, git's name of a small one."""
    content = path.read_bytes()
    if path.name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def describe(folder: Path) -> dict[str, Any]:
    """What the hub says of a repository."""
    grown = 10**9 if "huge" in behaviour_of(folder) else 1
    siblings = []
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            size = path.stat().st_size * grown
            entry: dict[str, Any] = {"rfilename": path.name, "size": size, "blobId": checksum(path)}
            if path.name.endswith(LARGE):
                entry["lfs"] = {"sha256": checksum(path), "size": size, "pointerSize": 134}
            siblings.append(entry)
    said = {"id": f"{folder.parent.name}/{folder.name}", "sha": COMMIT, "siblings": siblings}
    said["gated"] = "manual" if "gated" in behaviour_of(folder) else False
    card = folder / ".card"
    return said | (json.loads(card.read_text("utf-8")) if card.exists() else {})


if __name__ == "__main__":
    cdn = ThreadingHTTPServer(("127.0.0.1", 0), Cdn)
    CDN_PORT = cdn.server_port
    threading.Thread(target=cdn.serve_forever, daemon=True).start()
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    print(hub.server_port, cdn.server_port, flush=True)
    hub.serve_forever()
