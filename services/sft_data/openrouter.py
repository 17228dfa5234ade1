"""OpenRouter: hundreds of models behind one key.

Protocol: https://openrouter.ai/docs/api-reference/overview, errors: https://openrouter.ai/docs/api-reference/errors
"""

from __future__ import annotations

import difflib
from typing import Any

from services.errors import UserError
from services.jobs import Context
from services.sft_data.key import find_key
from services.sft_data.openai_compatible import OpenAICompatible
from services.sft_data.prompt import Message
from services.sft_data.provider import Offer, Options, Price, RequestFailed
from services.sft_data.server import HttpError
from services.translation import _


class OpenRouter(OpenAICompatible):
    kind = "openrouter"

    def __init__(self, settings: dict[str, Any], context: Context) -> None:
        super().__init__(settings, context)
        self._has_key = bool(find_key(self.kind))

    def check(self) -> None:
        if not self._has_key:
            raise UserError(
                _("OpenRouter needs a key. Get one at openrouter.ai/keys and enter it, or set OPENROUTER_API_KEY.")
            )
        try:
            self._server.get("/key")
        except HttpError as error:
            raise self._failure(error) from error
        if not self.model:
            raise UserError(_("Choose a model of OpenRouter, for instance “meta-llama/llama-3.3-70b-instruct”."))
        rows = {str(row["id"]): row for row in self.catalogue()}
        listed = list(rows)
        if (
            listed and self.model not in listed and self.model.split(":")[0] not in listed
        ):  # :nitro, :online ... are forms
            near = difflib.get_close_matches(self.model, listed, 3, 0.5)
            hint = _("Did you mean {names}?").format(names=_(" or ").join(near)) if near else ""
            raise UserError(_("OpenRouter has no model “{model}”. {hint}").format(model=self.model, hint=hint).strip())
        row = rows.get(self.model) or rows.get(self.model.split(":")[0]) or {}
        self.price = price_of(row)
        if keeps_form(row) is False:
            self._left_out |= {"response_format", "provider"}

    def _body(self, messages: list[Message], schema: dict[str, Any] | None, options: Options) -> dict[str, Any]:
        body = super()._body(messages, schema, options)
        body["usage"] = {"include": True}  # says what it cost
        if schema is not None and "response_format" not in self._left_out:
            # Only hosts that hold the model to the schema; without this the field is quietly ignored.
            body["provider"] = {"require_parameters": True}
        return body

    def _leave_out(self, error: HttpError, body: dict[str, Any]) -> bool:
        if error.status == 404 and "provider" in body and "endpoint" in error.text.lower():
            self._left_out |= {"response_format", "provider"}  # no host of this model holds it to a schema
            return True
        return super()._leave_out(error, body)

    def _failure(self, error: HttpError) -> RequestFailed:
        if error.status == 402:
            return RequestFailed(
                _(
                    "OpenRouter has no credit left for this: {text}. Add credit at openrouter.ai/credits, or choose a free "
                    "model."
                ).format(text=error.text.rstrip(".")),
                is_final=True,
            )
        if error.status == 403:
            return RequestFailed(
                _("OpenRouter's moderation refused this chunk: {text}").format(text=error.text), is_server=False
            )
        return super()._failure(error)

    def _offer(self, row: dict[str, Any]) -> Offer:
        tokens = row.get("context_length")
        return Offer(
            str(row["id"]), price_of(row), tokens if isinstance(tokens, int) else 0, keeps_form=keeps_form(row)
        )  # fmt: skip

    def _way_out(self) -> str:
        return _("Check the connection to the internet, or choose a local provider.")


def price_of(row: dict[str, Any]) -> Price | None:
    """The price in a row of the catalogue; None where it has none, or one that changes from host to host (-1)."""
    pricing = row.get("pricing")
    try:
        price = Price(float(pricing["prompt"]), float(pricing["completion"]))  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return None
    return price if price.prompt >= 0 and price.answer >= 0 else None


def keeps_form(row: dict[str, Any]) -> bool | None:
    """Whether a row of the catalogue says that replies can be held to a JSON schema; None where it says nothing."""
    takes = row.get("supported_parameters")
    return bool({"structured_outputs", "response_format"} & set(takes)) if isinstance(takes, list) else None
