"""Every value that crosses a boundary between two parts of the program.

Frozen, slotted, comparable; tuples instead of lists; every time is an aware UTC datetime. Nothing here does
anything, reads a clock, or knows where it came from or goes to. The order is that of the pipeline.
"""

from __future__ import annotations

from aggregator.models.dedupe import (
    Candidate,
    Change,
    ChangeKind,
    Decision,
    Fingerprint,
    Known,
    Likeness,
    Verdict,
)
from aggregator.models.emit import (
    AlsoIn,
    Archive,
    Built,
    Carried,
    Ended,
    OutputEntry,
    Post,
    PostLink,
    Republish,
    Revision,
    RevisionKind,
    Source,
    StoryMember,
    Withdrawal,
)
from aggregator.models.fetch import (
    FetchMemory,
    Hop,
    HostState,
    Request,
    Response,
    RobotsFile,
    Validators,
)
from aggregator.models.media import (
    CheckedImage,
    MediaPolicy,
    PendingImage,
    Picture,
)
from aggregator.models.poll import (
    Enclosure,
    Entry,
    ParsedFeed,
    Rhythm,
)
from aggregator.models.scrape import (
    Article,
    Attribution,
    Neighbour,
    PageKind,
)
from aggregator.models.store import (
    FeedEvent,
    FeedState,
    FeedStatus,
    NotedEvent,
    PageEvidence,
    PendingArticle,
    PollOutcome,
    PollResult,
    Push,
    SearchHit,
)

__all__ = [
    "AlsoIn",
    "Archive",
    "Article",
    "Attribution",
    "Built",
    "Candidate",
    "Carried",
    "Change",
    "ChangeKind",
    "CheckedImage",
    "Decision",
    "Enclosure",
    "Ended",
    "Entry",
    "FeedEvent",
    "FeedState",
    "FeedStatus",
    "FetchMemory",
    "Fingerprint",
    "Hop",
    "HostState",
    "Known",
    "Likeness",
    "MediaPolicy",
    "Neighbour",
    "NotedEvent",
    "OutputEntry",
    "PageEvidence",
    "PageKind",
    "ParsedFeed",
    "PendingArticle",
    "PendingImage",
    "Picture",
    "PollOutcome",
    "PollResult",
    "Post",
    "PostLink",
    "Push",
    "Republish",
    "Request",
    "Response",
    "Revision",
    "RevisionKind",
    "Rhythm",
    "RobotsFile",
    "SearchHit",
    "Source",
    "StoryMember",
    "Validators",
    "Verdict",
    "Withdrawal",
]
