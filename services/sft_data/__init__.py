"""Questions and answers made from the chunks: who writes them, how they are asked for, and what is let through."""
