"""A process that answers as the Hugging Face hub does, as far as fetching a model goes.

    python hub_server.py ROOT

ROOT/AUTHOR/NAME/ is a repository. Prints its port. Every request goes to ROOT/requests.log as "METHOD PATH RANGE".
A file ROOT/AUTHOR/NAME/.behaviour holds words: "gated", "broken" (500), "cut" (the connection breaks once, halfway
through a weight file), "hold" (a weight file stops halfway until the client has gone), "huge" (sizes that no disk has
room for).
"""

import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(sys.argv[1])
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cut: set[str] = set()

    def do_HEAD(self) -> None:
        self.answer(is_head=True)

    def do_GET(self) -> None:
        self.answer()

    def answer(self, is_head: bool = False) -> None:
        with (ROOT / "requests.log").open("a", encoding="utf-8") as log:
            log.write(f"{self.command} {self.path} {self.headers.get('Range', '-')}\n")
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        is_api = parts[:2] == ["api", "models"]
        author, name, *rest = parts[2:] if is_api else [*parts, "", ""]
        folder = ROOT / author / name
        if not name or not folder.is_dir():
            # Without a token the hub does not say whether a repository exists.
            self.send(401, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})
            return
        behaviour = (folder / ".behaviour").read_text() if (folder / ".behaviour").exists() else ""
        path = folder / rest[2] if not is_api else folder
        if "broken" in behaviour:
            self.send(500, b"{}")
        elif is_api and rest[:1] == ["tree"]:
            self.send_json([self.entry(file) for file in self.files(folder)])
        elif is_api:
            grown = 10**9 if "huge" in behaviour else 1
            siblings = [{"rfilename": file.name, "size": file.stat().st_size * grown} for file in self.files(folder)]
            self.send_json({"id": f"{author}/{name}", "sha": COMMIT, "siblings": siblings, "gated": False})
        elif "gated" in behaviour:
            self.send(403, b"{}", {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted"})
        elif not path.is_file():
            self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
        else:
            self.send_file(path, behaviour, is_head)

    def send_file(self, path: Path, behaviour: str, is_head: bool) -> None:
        content = path.read_bytes()
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        start = int(self.headers.get("Range", "bytes=0-")[6:].split("-")[0])
        is_partial = "Range" in self.headers
        if is_partial:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        is_weight = path.suffix == ".safetensors" and not is_head and not is_partial
        if is_weight and ("hold" in behaviour or "cut" in behaviour):
            self.send(200, body[: len(body) // 2], headers, length=len(body))
            self.wfile.flush()
            if "hold" in behaviour:
                self.connection.recv(1)  # until the client has gone
            self.close_connection = True
            return
        self.send(206 if is_partial else 200, b"" if is_head else body, headers, length=len(body))

    def send_json(self, value: object) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    def files(folder: Path) -> list[Path]:
        return [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]

    @staticmethod
    def entry(path: Path) -> dict[str, object]:
        digest = hashlib.sha1(path.read_bytes()).hexdigest()
        return {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": digest}

    def log_message(self, *args: object) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    print(server.server_port, flush=True)
    server.serve_forever()
