"""An imaginary security press on loopback: what `aggregator demo` shows, and the fixture of the end-to-end tests.

    with Press(now) as press:              # every outlet answers on an origin of its own; round 1 is out
        press.config_text("http://127.0.0.1:8080/")   # a feeds.yaml for it
        press.expected()                   # what an aggregator should hold by now, post for post
        press.advance()                    # the next round: new posts, and next-post links to them

Outlets, people, companies, malware and vulnerabilities are invented. The texts stand in `content/`, one file a post;
the themes in `templates/`. Nothing here contacts anything or reads a clock: `now` is given, and every date hangs on
it.
"""

from __future__ import annotations

from aggregator.demo.press import Expected, Listed, Press
from aggregator.demo.server import PressRequest

__all__ = ["Expected", "Listed", "Press", "PressRequest"]
