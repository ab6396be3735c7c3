"""Measurements and long runs; each module says how it is started."""
