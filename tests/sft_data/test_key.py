"""Keys: the environment, the keyring, and what happens without one."""

from collections.abc import Iterator

import keyring
import keyring.backend
import keyring.errors
import pytest

from services.sft_data.key import find_key, forget_key, keep_key, key_environment


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring that works, which a machine without a desktop does not have."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.kept:
            raise keyring.errors.PasswordDeleteError
        del self.kept[service, username]


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    before, working = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(working)
    yield working
    keyring.set_keyring(before)


def test_a_key_is_kept_and_forgotten(memory: MemoryKeyring) -> None:
    assert find_key("openrouter") == "" and key_environment("openrouter") == {}
    assert keep_key("openrouter", " sk-1 ")
    assert memory.kept == {("wissenswerk", "openrouter"): "sk-1"}
    assert find_key("openrouter") == "sk-1"
    assert key_environment("openrouter") == {"OPENROUTER_API_KEY": "sk-1"}
    forget_key("openrouter")
    forget_key("openrouter")
    assert find_key("openrouter") == "" and memory.kept == {}


def test_without_a_keyring_it_lasts_until_the_program_closes() -> None:
    assert not keep_key("openai-compatible", "sk-2")
    assert find_key("openai-compatible") == "sk-2"
    forget_key("openai-compatible")
    assert find_key("openai-compatible") == ""


def test_the_environment_comes_first(memory: MemoryKeyring, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_key("openrouter", "sk-kept")
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-said")
    assert find_key("openrouter") == "sk-said"


def test_providers_without_keys_have_none(memory: MemoryKeyring) -> None:
    assert find_key("ollama") == "" and key_environment("built-in") == {}
