"""Mechanisms of lumbar disc herniation resorption."""
