"""``rag_db.sqlite``, the single source of truth: its schema and every SQL statement of the program."""
