"""From a file to chunks: one reader per format, cleaning, cutting, and the job that does it all."""
