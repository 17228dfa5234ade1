"""HTTP to a language model's server: patient with it, quick to stop, and plain about what went wrong."""

from __future__ import annotations

import email.utils
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from services.jobs import Context
from services.sft_data.address import check_url, is_loopback
from services.sft_data.provider import RequestFailed
from services.translation import _

ATTEMPTS = 4
BUSY_ATTEMPTS = 8  # of a server that is there and says that it is too much
BACK_OFF_S = 1.0  # before the second attempt; doubles with every further one
LONGEST_BACK_OFF_S = 16.0
LONGEST_WAIT_S = 120.0  # a server that wants more is as good as down
CONNECT_TIMEOUT_S = 10.0
LARGEST_REPLY_BYTES = 32 * 1024 * 1024
_BUSY = frozenset({429, 503})
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


class HttpError(Exception):
    """An answer with an error status, for the provider to put into words.

    text: what the server says of it, short and without the key. retry_after_s: how long it asks to be left alone.
    """

    def __init__(self, status: int, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{status}: {text}")
        self.status, self.text, self.retry_after_s = status, text, retry_after_s


class Server:
    """One server, for several threads.

    name: for sentences. way_out: what a person does when nothing answers there.
    """

    def __init__(
        self, name: str, url: str, context: Context, *, timeout_s: float, key: str = "", way_out: str = ""
    ) -> None:
        """Raises: UserError: the address is none."""
        self.name, self.url, self.way_out = name, check_url(url), way_out
        self.timeout_s = timeout_s
        self.address = urlsplit(self.url).netloc
        self.is_local = is_loopback(self.url)
        self.refused: Callable[[int, float | None], None] = lambda _status, _retry_after_s: None
        self._context, self._key = context, key
        self._own = threading.local()

    def close(self) -> None:
        """Close the connections of this thread; those of others end with their threads."""
        if hasattr(self._own, "session"):
            self._own.session.close()

    def get(self, path: str) -> Any:
        """The JSON behind a path. Raises: RequestFailed, HttpError, Cancelled."""
        return self._decode(self._send("GET", path, None, is_stream=False))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer, complete within ``timeout_s``. Raises: RequestFailed, HttpError, Cancelled."""
        return self._decode(self._send("POST", path, body, is_stream=False))

    def post_lines(self, path: str, body: dict[str, Any]) -> list[Any]:
        """The JSON values of an answer that is streamed line by line; ``timeout_s`` is the longest silence.

        Raises: RequestFailed, HttpError, Cancelled.
        """
        lines = self._send("POST", path, body, is_stream=True).splitlines()
        return [self._decode(line) for line in lines if line.strip()]

    def lines(self, path: str, body: dict[str, Any]) -> Iterator[Any]:
        """The JSON values of an answer as they come; ``timeout_s`` is the longest silence. One attempt.

        They end early where the way to the server breaks. Raises: RequestFailed, HttpError, Cancelled.
        """
        try:
            with self._session().post(
                f"{self.url}{path}", json=body, stream=True, auth=self._sign,
                timeout=(min(CONNECT_TIMEOUT_S, self.timeout_s), self.timeout_s),
            ) as response:  # fmt: skip
                if response.status_code >= 400:
                    raise self._http_error(response, response.content)
                for line in response.iter_lines():
                    self._context.check()
                    if line.strip():
                        yield self._decode(line)
        except requests.ReadTimeout as error:
            raise self._silent() from error
        except requests.exceptions.ChunkedEncodingError:
            return
        except requests.RequestException as error:
            if isinstance(error.args[0] if error.args else None, urllib3.exceptions.ReadTimeoutError):
                raise self._silent() from error  # the silence fell in the middle of the answer
            raise self._unreachable() from error

    def _send(self, method: str, path: str, body: dict[str, Any] | None, *, is_stream: bool) -> bytes:
        """The answer's body, after as many attempts as make sense."""
        for attempt in range(1, BUSY_ATTEMPTS + 1):
            self._context.check()
            wait_s = min(BACK_OFF_S * 2 ** (attempt - 1), LONGEST_BACK_OFF_S) * random.uniform(0.75, 1.25)
            try:
                return self._attempt(method, path, body, is_stream)
            except HttpError as error:
                asked_s, most = error.retry_after_s, ATTEMPTS
                if error.status in _BUSY:
                    most = BUSY_ATTEMPTS
                    self.refused(error.status, asked_s if (asked_s or 0) <= LONGEST_WAIT_S else None)
                if error.status not in _AGAIN or attempt >= most or (asked_s or 0) > LONGEST_WAIT_S:
                    raise
                wait_s = wait_s if asked_s is None else asked_s
            except requests.ReadTimeout as error:
                self.refused(0, None)
                raise self._silent() from error
            except requests.ConnectionError as error:
                if isinstance(error.args[0] if error.args else None, urllib3.exceptions.ReadTimeoutError):
                    self.refused(0, None)
                    raise self._silent() from error  # the silence fell in the middle of the answer
                if attempt >= ATTEMPTS or method == "GET":
                    raise self._unreachable() from error
            except requests.RequestException as error:
                if attempt >= ATTEMPTS:
                    raise RequestFailed(
                        _("{name} at {address} broke off in the middle of its answer.").format(
                            name=self.name, address=self.address
                        ),
                        may_cost=True,
                    ) from error
            self._context.cancelled.wait(wait_s)
        raise AssertionError  # the last attempt returns or raises

    def _attempt(self, method: str, path: str, body: dict[str, Any] | None, is_stream: bool) -> bytes:
        started = time.monotonic()
        with self._session().request(
            method, f"{self.url}{path}", json=body, stream=True, auth=self._sign,
            timeout=(min(CONNECT_TIMEOUT_S, self.timeout_s), self.timeout_s),
        ) as response:  # fmt: skip
            content = bytearray()
            for piece in response.iter_content(None):
                self._context.check()
                content += piece
                if not is_stream and time.monotonic() - started > self.timeout_s:
                    raise self._silent()
                if len(content) > LARGEST_REPLY_BYTES:
                    raise RequestFailed(
                        _("{name} at {address} does not stop answering.").format(name=self.name, address=self.address)
                    )
            if response.status_code >= 400:
                raise self._http_error(response, bytes(content))
            return bytes(content)

    def _session(self) -> requests.Session:
        """One session per thread: sessions are not made to be shared."""
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
            # What stays on this machine goes through no proxy.
            self._own.session.trust_env = not self.is_local
        return self._own.session

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the key into the request here, so that no .netrc replaces it."""
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def _http_error(self, response: requests.Response, content: bytes) -> HttpError:
        try:
            text = error_text(json.loads(content))
        except ValueError:
            text = ""
        wait_s = retry_after_s(response.headers.get("Retry-After"))
        return HttpError(response.status_code, self.without_key(text or response.reason or "?"), wait_s)

    def without_key(self, text: str) -> str:
        """A server's own words, short, and without the key if they repeat it."""
        text = " ".join(text.split())[:300]
        return text.replace(self._key, "***") if self._key else text

    def _decode(self, content: bytes) -> Any:
        try:
            return json.loads(content)
        except ValueError as error:
            raise RequestFailed(
                _("{name} at {address} answered with something that is not JSON. Is the address right?").format(
                    name=self.name, address=self.address
                ),
                may_cost=True,
            ) from error

    def _unreachable(self) -> RequestFailed:
        return RequestFailed(
            _("{name} does not answer at {address}. {way_out}")
            .format(name=self.name, address=self.address, way_out=self.way_out)
            .strip()
        )

    def _silent(self) -> RequestFailed:
        return RequestFailed(
            _(
                "{name} at {address} gave no answer within {seconds:g} s. Raise “Wait at most”, or choose a smaller "
                "model."
            ).format(name=self.name, address=self.address, seconds=self.timeout_s),
            may_cost=True,
        )


def error_text(body: Any) -> str:
    """What a server says went wrong: Ollama has a string, OpenAI's family an object."""
    error = body.get("error", body.get("detail", body.get("message", ""))) if isinstance(body, dict) else ""
    if isinstance(error, dict):
        metadata = error.get("metadata")
        raw = metadata.get("raw") if isinstance(metadata, dict) else None
        error = " ".join(str(part) for part in (error.get("message"), raw) if part)
    return error if isinstance(error, str) else json.dumps(error)


def retry_after_s(header: str | None) -> float | None:
    """Seconds to wait as the Retry-After header has them, as a number or as a date; None without one."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
