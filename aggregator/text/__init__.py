"""Strings for every stage: no input, no output."""
