"""Strings, bytes and times, for every stage. Pure functions: no I/O, no clock."""
