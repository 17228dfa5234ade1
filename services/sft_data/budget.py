"""How much a run may spend: what is paid and what is on its way never go over the limit together."""

from __future__ import annotations


class Budget:
    """limit, spent: US dollars; a limit of 0 is none. perhaps_spent: for what was never answered and may be billed."""

    def __init__(self, limit: float = 0.0) -> None:
        self.limit, self.spent, self.perhaps_spent = limit, 0.0, 0.0
        self._on_the_way = 0.0

    def has_room(self, cost_at_most: float) -> bool:
        """Whether a request could be sent, if everything on its way cost the most it can."""
        return not self.limit or self.spent + self.perhaps_spent + self._on_the_way + cost_at_most <= self.limit

    def reserve(self, cost_at_most: float) -> None:
        """A request is sent."""
        self._on_the_way += cost_at_most

    def release(self, cost_at_most: float) -> None:
        """It is back, or came to nothing."""
        self._on_the_way = max(0.0, self._on_the_way - cost_at_most)

    def lose(self, cost_at_most: float) -> None:
        """It will not be answered, and nobody knows what it cost."""
        self.perhaps_spent += cost_at_most

    def pay(self, cost: float) -> None:
        self.spent += cost
