"""Ollama as it gets models, on a port of its own: a process of threads that is told what to say.

Protocol: https://github.com/ollama/ollama/blob/main/docs/api.md#pull-a-model
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SIZES = {"sha256:aa": 4_000_000_000, "sha256:bb": 1_000_000_000}  # the parts of every model


class Library(ThreadingHTTPServer):
    """url: where it listens. mode: how the next pull goes: well, or which fault it has. has: bytes of each part."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.mode = "good"
        self.models: list[str] = []
        self.has = dict.fromkeys(SIZES, 0)
        self.go_on = threading.Event()  # what "wait" waits for


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Library

    def do_GET(self) -> None:
        rows = [{"name": model, "model": model, "size": 5, "details": {"parameter_size": "8B"}} for model in self.server.models]
        self._answer(200, {"models": rows})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server, model = self.server, body["model"]
        if server.mode == "bad-name":
            self._answer(400, {"error": "invalid model name"})
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._line({"status": "pulling manifest"})
        if error := {
            "unknown": "pull model manifest: file does not exist",
            "offline": "pull model manifest: Get \"https://registry.ollama.ai/v2/\": dial tcp: lookup registry.ollama.ai: no such host",
            "old": "pull model manifest: 412: The model you are attempting to pull requires a newer version of Ollama.",
            "other": "max retries exceeded: EOF",
        }.get(server.mode):  # fmt: skip
            self._line({"error": error})
            self._end()
            return
        for digest, size in SIZES.items():
            for _step in range(4):
                self._line({"status": f"pulling {digest[7:]}", "digest": digest, "total": size, "completed": server.has[digest]})
                if server.has[digest] >= size // 2 and server.mode in ("full", "cut", "wait"):
                    if server.mode == "full":
                        self._line({"error": f"write /root/.ollama/models/blobs/{digest}-partial: no space left on device"})
                        self._end()
                        return
                    if server.mode == "wait":
                        server.go_on.wait(60)
                    self.close_connection = True
                    self.connection.close()
                    return
                server.has[digest] = min(size, server.has[digest] + size // 4)
            self._line({"status": f"pulling {digest[7:]}", "digest": digest, "total": size, "completed": size})
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            if status == "success":
                server.models.append(model)
            self._line({"status": status})
        self._end()

    def _line(self, value: dict[str, Any]) -> None:
        content = json.dumps(value).encode() + b"\n"
        try:
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def _end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def library() -> Iterator[Library]:
    """A running one."""
    server = Library()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
