"""How much of what a provider can give the learnt number of requests gets out of it.

    python tests/benchmarks/generation.py [--requests 400]

A server process answers every request after 0.2 s and behaves like four kinds of providers: with 4 and with 24 places
(more has to queue), one that refuses more than 30 requests a second (429 with Retry-After), and one that refuses what
finds no free place (503). Printed is the pace that was kept, as a share of the best that the server can give.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
LATENCY_S = 0.2
# name: places, requests a second, whether a full server refuses
MODELS = {"4 places": (4, 0, False), "24 places": (24, 0, False), "30 a second": (64, 30, False), "16 places or 503": (16, 0, True)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    places: threading.Semaphore
    rate = 0
    refuses = False
    started: list[float] = []
    lock = threading.Lock()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.rate:
            with self.lock:
                now = time.monotonic()
                self.started[:] = [at for at in self.started if now - at < 1.0]
                is_free = len(self.started) < self.rate
                if is_free:
                    self.started.append(now)
            if not is_free:
                return self.answer(429, {"error": {"message": "slow down"}}, {"Retry-After": "1"})
        if not self.places.acquire(blocking=not self.refuses):
            return self.answer(503, {"error": {"message": "no place"}})
        time.sleep(LATENCY_S)
        self.places.release()
        return self.answer(200, {"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}], "usage": {}})

    def answer(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        pass


def serve(name: str) -> None:
    places, Handler.rate, Handler.refuses = MODELS[name]
    Handler.places = threading.Semaphore(places)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket.listen(256)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def measure(name: str, count: int) -> tuple[float, float, int]:
    """The share of the best pace, over the whole run and over its second half, and the number in flight at the end."""
    from services.jobs import Context
    from services.settings import defaults
    from services.sft_data.in_flight import START_FAR, InFlight
    from services.sft_data.openai_compatible import OpenAICompatible
    from services.sft_data.provider import Options
    from services.sft_data.worker import Workers

    with subprocess.Popen(
        [sys.executable, __file__, "--serve", name], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        settings = {**defaults("generate"), "url": process.stdout.readline().strip(), "model": "x"}
        provider, in_flight = OpenAICompatible(settings, Context()), InFlight(start=START_FAR)
        provider.listen(in_flight.refused)

        @dataclass
        class Task:
            def send(self) -> Any:
                return provider.complete([{"role": "user", "content": "?"}], None, Options())

        workers: Workers[Any] = Workers(in_flight, Context())
        sent, came, begun = 0, [], time.monotonic()
        while len(came) < count:
            while sent < count and workers.may_ask():
                workers.ask(Task())
                sent += 1
            for _task, answer in workers.answers(is_waiting=sent < count):
                if isinstance(answer, BaseException):
                    raise answer
                came.append(time.monotonic() - begun)
        workers.close()
        process.kill()
    places, rate, _refuses = MODELS[name]
    best = rate or places / LATENCY_S
    half = count // 2
    return count / came[-1] / best, (count - half) / (came[-1] - came[half - 1]) / best, in_flight.limit


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=0)
    parser.add_argument("--serve")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    print(f"{'provider':<18} {'requests':>8} {'whole run':>10} {'second half':>12} {'in flight':>10}")
    for name, (places, rate, _refuses) in MODELS.items():
        count = options.requests or int(30 * (rate or places / LATENCY_S))  # thirty seconds at its best
        whole, half, limit = measure(name, count)
        print(f"{name:<18} {count:>8} {whole:>10.0%} {half:>12.0%} {limit:>10}")


if __name__ == "__main__":
    main()
