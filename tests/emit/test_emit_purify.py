"""The one door through which posts come into the output: what many posts share is made valid once for all of them."""

from __future__ import annotations

from dataclasses import replace

from support.emit_shelf import KREBS, make_post

from aggregator.emit.purify import KEPT, Purifier
from aggregator.models import StoryMember


def test_what_posts_share_is_made_valid_once_and_nothing_else_is_taken_for_it() -> None:
    """The members of a story and its source are the same objects afterwards, as they were before; others are not."""
    post = make_post(1)
    members = tuple(StoryMember(f"A\x01{n}", f"a{n}", None, f"posts/{n}.html", "T", post.published) for n in range(2))
    source = replace(KREBS, title="Krebs\x02")
    told, again = (replace(make_post(n), story="s", story_members=members, source=source) for n in (1, 2))
    pure = Purifier()
    one, two = pure(told), pure(again)
    assert one.story_members is two.story_members
    assert one.source is two.source
    assert [member.name for member in one.story_members] == ["A0", "A1"]
    assert one.source.title == "Krebs"
    for number in range(2 * KEPT):
        other = pure(replace(post, story_members=(replace(members[0], name=f"B{number}"),)))
        assert other.story_members[0].name == f"B{number}"
