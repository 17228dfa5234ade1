"""Phases 2 and 4: text and pairs become rows of tokens, and one trainer learns an adapter from them."""
