"""Talking to the Hugging Face hub: only when asked, bounded in time, and every failure a sentence.

The access token for gated models comes from the environment, from the library's own login, or from the keyring; the
library sends it to the hub's host only and never to the hosts that the hub sends on to.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from services.errors import Cancelled, UserError
from services.machine import be_quiet, is_offline
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

TOKEN_OWNER = "huggingface"  # its name in services.sft_data.key
TIMEOUT_S = 10.0  # for a connection, and for the next bytes of an answer
LONGEST_WAIT_S = 300.0  # that a server may ask for
TRIES = 5  # in a row that bring nothing new
_POLL_S = 0.1

_T = TypeVar("_T")


def refuse_offline(sentence: str) -> None:
    """Prepares the library for a request, unless the person wants none.

    Raises:
        UserError: with that sentence: the program is offline.
    """
    be_quiet()  # before the library is imported: that is when it reads the environment
    if is_offline():
        raise UserError(sentence)


def in_thread(
    work: Callable[[], _T], name: str, context: Context, report: Callable[[], object] = lambda: None,
    limit_s: float = math.inf,
) -> _T:  # fmt: skip
    """Runs a blocking request so that a stop does not wait for the network. Errors become sentences.

    Args:
        name: of the model that it is about; empty: of none.
        report: called ten times a second meanwhile.
        limit_s: when to give up, whatever it is that does not answer: a look-up of names has no limit of its own.

    Raises:
        UserError: what went wrong between here and the hub.
        Cancelled: at once; the request is left to itself and must look at ``context.cancelled``.
    """
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = work()
        except BaseException as error:
            outcome["error"] = error

    thread, deadline = threading.Thread(target=run, name="hub", daemon=True), time.monotonic() + limit_s
    thread.start()
    while thread.is_alive():
        thread.join(_POLL_S)
        context.check()
        report()
        if time.monotonic() > deadline:
            raise UserError(_("Hugging Face has not answered. Check the network, and try again."))
    if "error" in outcome:
        raise explain(name, outcome["error"]) from outcome["error"]
    return outcome["value"]


def patiently(
    attempt: Callable[[], _T], cancelled: threading.Event, arrived: Callable[[], float], say: Callable[[str], object]
) -> _T:
    """Repeats a request that broke off, or that the server wants later, until ``TRIES`` in a row brought nothing.

    Args:
        arrived: how much there is already. More than before makes it worth another round of tries; with nothing at
            all, a network that cannot be reached is taken for one that is not there.
        say: hears a sentence while there is a wait, and "" after it.
    """
    tries, had = 0, arrived()
    while True:
        try:
            return attempt()
        except Exception as error:
            wait_s = _wait_for(error, tries)
            if is_of_the_network(error) and arrived() <= 0:
                raise
            if arrived() > had:
                tries, had = 0, arrived()
            tries += 1
            if wait_s is None or tries > TRIES:
                raise
        deadline = time.monotonic() + wait_s
        while (left := deadline - time.monotonic()) > 0:
            if wait_s >= 2:
                say(_("Waiting {seconds:.0f} s, then trying again").format(seconds=left))
            if cancelled.wait(min(left, 1.0)):
                raise Cancelled
        say("")


def _wait_for(error: Exception, tries: int) -> float | None:
    """Seconds to wait before the next try; None where another try would fare no better."""
    from huggingface_hub import errors

    backoff_s = min(0.5 * 2**tries, 8.0)
    if isinstance(error, errors.HfHubHTTPError) and error.response is not None:
        asked = error.response.headers.get("Retry-After", "").strip()
        if error.response.status_code == 429 or asked.isdigit():
            return min(float(asked), LONGEST_WAIT_S) if asked.isdigit() else 10 * backoff_s
        return backoff_s if error.response.status_code in (408, 502, 503, 504) else None
    return backoff_s if is_of_the_network(error) else None


def is_of_the_network(error: BaseException) -> bool:
    """Whether an exception says that bytes did not get through."""
    return type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2")


def explain(name: str, error: BaseException) -> BaseException:
    """The sentence for what can go wrong between here and the hub; anything else is a bug and stays what it is."""
    from huggingface_hub import constants, errors

    page = f"{constants.ENDPOINT}/{name}"
    status = error.response.status_code if isinstance(error, errors.HfHubHTTPError) and error.response is not None else 0
    if isinstance(error, (UserError, Cancelled)):
        return error
    if isinstance(error, errors.GatedRepoError):
        if status == 401:
            return UserError(
                _("{name} is given only to people who accepted its terms. Open {url}, log in and accept them, make an "
                  "access token in your settings there, and put it in under “Access token”, or into HF_TOKEN.").format(
                    name=name, url=page)
            )  # fmt: skip
        return UserError(
            _("{name} is given only to people who accepted its terms, and the owner of your access token has not, or "
              "the token may not read gated models. Open {url} and accept them, then start again.").format(
                name=name, url=page)
        )  # fmt: skip
    if status == 401 and not isinstance(error, errors.RepositoryNotFoundError):
        return UserError(
            _("Hugging Face does not take your access token. Put in a new one under “Access token”, or into HF_TOKEN; "
              "for a public model, remove it.")
        )  # fmt: skip
    if isinstance(error, (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.HFValidationError)):
        return UserError(
            _("There is no model {name} on Hugging Face, or it is private. Check the spelling (author/model); for a "
              "private one put in an access token.").format(name=name)
        )  # fmt: skip
    if status == 429:
        return UserError(
            _("Hugging Face has had too many questions from here. Wait some minutes and start again; what has arrived "
              "is kept. With an access token more are allowed.")
        )  # fmt: skip
    if status and not name:
        return UserError(_("Hugging Face answered with error {code}. Try again later.").format(code=status))
    if status:
        return UserError(
            _("Hugging Face answered with error {code} for {name}. Try again later; what has arrived is kept.").format(
                code=status, name=name)
        )  # fmt: skip
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return UserError(
            _("The connection to Hugging Face cannot be trusted: something between here and there, such as a company's "
              "proxy, signs with a certificate of its own. Ask for it, and set SSL_CERT_FILE to its file.")
        )  # fmt: skip
    if is_of_the_network(error) and not name:
        return UserError(_("Hugging Face could not be reached. Check the network, and try again."))
    if is_of_the_network(error) or isinstance(error, errors.LocalEntryNotFoundError):
        return UserError(
            _("The connection for {name} was cut off, or Hugging Face could not be reached. Check the network and start "
              "again; what has arrived is kept.").format(name=name)
        )  # fmt: skip
    return error
