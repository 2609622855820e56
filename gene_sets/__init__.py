"""The curated signatures (data; one YAML file for each mechanism)."""
