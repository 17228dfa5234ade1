"""Keys of providers and of the Hugging Face hub: from the environment, the system's keyring, or the person, until the
program closes.

They are never written to a file, a setting, an event or a log.
"""

from __future__ import annotations

import os

from services.sft_data.provider import find_provider

_SERVICE = "wissenswerk"

_OTHER_VARIABLES = {"huggingface": "HF_TOKEN"}  # of what is no provider

_until_close: dict[str, str] = {}


def find_key(provider: str) -> str:
    """The key of a provider, or "": the environment first, then what was typed in, then the keyring."""
    variable = _variable(provider)
    if not variable:
        return ""
    return os.environ.get(variable, "").strip() or _until_close.get(provider, "") or _from_keyring(provider)


def keep_key(provider: str, key: str) -> bool:
    """Remember a key.

    Returns:
        Whether the system's keyring keeps it. Without a keyring it lasts until the program closes, and the person is
        to be told so.
    """
    import keyring
    from keyring.errors import KeyringError

    _until_close[provider] = key.strip()
    try:
        keyring.set_password(_SERVICE, provider, key.strip())
    except KeyringError:
        return False
    return True


def forget_key(provider: str) -> None:
    """Remove a key from the keyring and from memory; one in the environment stays."""
    import keyring
    from keyring.errors import KeyringError

    _until_close.pop(provider, None)
    try:
        keyring.delete_password(_SERVICE, provider)
    except KeyringError:  # there is no keyring, or it holds no such key
        return


def key_environment(provider: str) -> dict[str, str]:
    """What a child process needs in its environment to find the key."""
    variable, key = _variable(provider), find_key(provider)
    return {variable: key} if key else {}


def _variable(provider: str) -> str:
    return _OTHER_VARIABLES.get(provider) or find_provider(provider).key_variable


def _from_keyring(provider: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(_SERVICE, provider) or ""
    except KeyringError:
        return ""
