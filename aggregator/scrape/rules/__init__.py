"""A site's rule, applied to one of its pages: what it says goes before what the engines find.

A rule is somebody's guess of what a site looks like, and sites change: what finds nothing, or can not be evaluated, is
noted with its place, and the engines are asked as if there were no rule. A selector that takes for ever is ended with
the worker that it runs in; there are no regular expressions.
"""

from __future__ import annotations

from aggregator.scrape.rules.applying import NOTHING, Ruled, apply, mended

__all__ = ["NOTHING", "Ruled", "apply", "mended"]
