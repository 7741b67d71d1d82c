"""Reports are about figures over many rows: what is needed, what is there, what is missing."""
