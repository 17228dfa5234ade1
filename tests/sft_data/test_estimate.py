"""What a run will take, told before it: held against what it took."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from places import add_chunks

from services.jobs import Context
from services.knowledge_base.work_item import NewItem
from services.project import Project
from services.sft_data import estimate as module
from services.sft_data.estimate import Estimate, estimate, known_price, lacks_prices, read_prices
from services.sft_data.generate import run
from services.sft_data.key import keep_key
from services.sft_data.report import make_report, retry_style

Settings = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]


def tell(project: Project, values: dict[str, Any], chunk_ids: list[int] | tuple[()] = ()) -> Estimate:
    with project.connect() as store:
        return estimate(store, values, chunk_ids)


@pytest.mark.parametrize("changes", [{}, {"facts_first": True}, {"small_model": "on"}, {"judge": True}, {"pairs": 40}])
def test_the_requests_that_are_told_are_those_that_are_sent(project: Project, settings: Settings, serve: Serve, changes: dict[str, Any]):
    add_chunks(project, 10, per_chunk=3)
    server = serve("ollama", "judged" if changes.get("judge") else "tags" if changes.get("small_model") else "good")
    values = settings(server.url, **{"pairs": 8, **changes})
    told = tell(project, values)
    assert told.is_free and told.cost is None and not told.is_measured and told.seconds is None
    result = run(values, Context())
    assert result["pairs"] >= result["asked"] - 1
    assert told.requests == pytest.approx(len(server.requests()), abs=2)
    # Now it has been measured.
    again = tell(project, values)
    assert again.is_measured and again.tokens > 0
    if again.requests >= 6:
        assert again.seconds is not None


def test_some_chunks_are_asked_no_more_than_they_can_give(project: Project, settings: Settings):
    ids = add_chunks(project, 10)
    told = tell(project, settings(pairs=100), ids[:2])
    assert (told.pairs, told.chunks, told.requests) == (6, 2, 2)
    told = tell(project, settings(pairs=5, provider="built-in"))
    assert told.is_free and (told.requests, told.chunks) == (0, 5)


class _Prices(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        row = {"id": "meta/llama-3.3-70b", "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
        body = json.dumps({"data": [row]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def price_list() -> Iterator[str]:
    module._prices.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Prices) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
    module._prices.clear()


def test_a_price_is_known_once_the_list_was_read(project: Project, settings: Settings, price_list: str):
    add_chunks(project, 10)
    values = settings(price_list, "openrouter", pairs=10)
    assert not lacks_prices(values)  # nobody is asked without a key
    keep_key("openrouter", "sk-or-good")
    assert lacks_prices(values) and known_price(values) is None
    read_prices(values, Context())
    assert not lacks_prices(values) and _Prices.asked == 1
    told = tell(project, values)
    assert not told.is_free and told.cost == pytest.approx(10 * (1e-6 * 440 + 2e-6 * 90), rel=0.1)


def test_the_report_has_the_failures_and_the_style_to_ask_them_again(project: Project, settings: Settings, serve: Serve):
    ids = add_chunks(project, 3)
    result = run(settings(serve("ollama", "good", "prose").url, pairs=3, style="conversational"), Context())
    assert result["pairs"] == 1
    with project.connect() as store:
        store.end_item(store.begin_item(NewItem("restate", ids[0], "", "", 0, "x")), "Of another job.")
        report = make_report(project, store, "sft_data")
        assert len(report.failed) >= 2 and report.run is None
        assert [row.kind for row in report.bill] == ["pairs"]
        rows = store.failed_items(list(report.failed))
        assert all(row.source == "places.md" and row.attempts and row.has_reply and row.reason for row in rows)
        assert retry_style(store, "sft_data", "factual") == "conversational"
        assert store.bill("sft_data").requests == report.bill[0].requests and store.bill("sft_data", store.last_item_id()).requests == 0
