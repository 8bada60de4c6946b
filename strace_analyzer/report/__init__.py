"""Room 4: write what was found as text, JSON and tables, one file per format."""
