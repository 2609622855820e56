"""Study files that a laboratory copies (data)."""
