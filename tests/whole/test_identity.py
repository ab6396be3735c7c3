"""Which entry is which, which articles are copies, and whose a post is: by kind, through the program's own stages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from rounds import DAY, HOUR, START, Rounds, item, page, prose, rss

FEED = "https://feed.example/rss"
OLD = START - 9 * DAY


@pytest.fixture
def one(tmp_path: Path) -> Rounds:
    return Rounds(tmp_path, One=FEED)


# --- two entries or one ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["t", "ts", "sid", "session_id", "nonce", "_", "token", "cb", "utm_content", "ref"])
@pytest.mark.parametrize("guids", [True, False])
def test_h17_h18_a_number_in_the_link_tells_incidents_apart(one: Rounds, key: str, guids: bool) -> None:
    """Items that share title and path, told apart by one parameter, are entries of their own, now and a day later."""

    def incident(n: int) -> str:
        link = f"https://feed.example/incident?{key}={'x.com' if key == 'ref' else ''}{1764500000 + n * 86400}"
        return item("Service degraded", link, link if guids else "", OLD + n * DAY, prose(f"incident {n}"))

    assert one.poll("One", rss(*map(incident, (2, 1, 0))), full_text="never") == (3, 0)
    one.now += DAY
    assert one.poll("One", rss(*map(incident, (3, 2, 1))), full_text="never") == (1, 0)
    assert one.poll("One", rss(incident(3)), full_text="never") == (0, 0)
    assert len(one.posts()) == 4


def test_h18_an_incident_that_comes_alone_is_one_of_its_own(one: Rounds) -> None:
    """A feed that lists its newest item alone, each with a guid and a number of its own."""
    for n in range(4):
        link = f"https://feed.example/incident?t={1764500000 + n * 86400}"
        body = rss(item("Service degraded", link, link, OLD + n * DAY, prose(f"incident {n}")))
        assert one.poll("One", body, full_text="never") == (1, 0)
    assert len(one.posts()) == 4


@pytest.mark.parametrize("query", ["utm_source=rss&utm_id={n}", "_={n}", "token={n}", "session_id={n}", "t={n}"])
@pytest.mark.parametrize("guids", [True, False])
def test_h18_a_parameter_that_changes_at_every_poll_makes_no_new_entry(one: Rounds, query: str, guids: bool) -> None:
    """Seen with and without, or with another value and the same words and date, it is the same post."""

    def items(n: int) -> list[str]:
        marks = ["?" + query.format(n=f"{n}{post}8877") if n else "" for post in range(3)]
        links = [f"https://feed.example/p{post}{mark}" for post, mark in enumerate(marks)]
        return [
            item(f"Post {post}", link, link if guids else "", OLD, prose(f"post {post}"))
            for post, link in enumerate(links)
        ]

    assert one.poll("One", rss(*items(0)), full_text="never") == (3, 0)
    for n in (1, 2, 3):
        assert one.poll("One", rss(*items(n)), full_text="never") == (0, 0)
    assert len(one.posts()) == 3


KINDS = {
    "no guid, no title": ("", ""),
    "no guid, one title": ("Signature update", ""),
    "one guid, no title": ("", "latest"),
    "one guid, one title": ("Signature update", "latest"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dated", [True, False])
def test_h19_items_that_share_a_link_are_kept_each(one: Rounds, kind: str, dated: bool) -> None:
    """Each has its own text (and date); a later one comes out too, in the document with the others and alone."""
    title, guid = KINDS[kind]

    def change(n: int) -> str:
        return item(title, "https://feed.example/changes", guid, OLD + n * DAY if dated else None, prose(f"{kind} {n}"))

    assert one.poll("One", rss(*map(change, (3, 2, 1))), full_text="never") == (3, 0)
    assert one.poll("One", rss(*map(change, (4, 3, 2))), full_text="never") == (1, 0)
    assert one.poll("One", rss(*map(change, (4, 3, 2))), full_text="never") == (0, 0)
    if dated:
        assert one.poll("One", rss(change(5)), full_text="never") == (1, 0)
        assert one.poll("One", rss(change(6)), full_text="never") == (1, 0)
        assert one.poll("One", rss(change(6), change(5)), full_text="never") == (0, 0)
    assert len(one.posts()) == (6 if dated else 4)


@pytest.mark.parametrize("links", [True, False])
def test_h25_a_guid_that_is_used_again_is_another_entry(one: Rounds, links: bool) -> None:
    """Another title, text and link under the guid `latest`: each is kept, found again, and edited by itself."""

    def article(n: int, words: str = "") -> str:
        link = f"https://feed.example/{n}" if links else ""
        name = ("Circle dancer tower", "Lantern engine clock", "Diamond timber rocket")[n]
        return item(words + name, link, "latest", OLD + n * DAY, prose(f"article {n}"))

    for n in range(3):
        assert one.poll("One", rss(article(n)), full_text="never") == (1, 0)
    assert one.poll("One", rss(article(2)), full_text="never") == (0, 0)
    assert one.poll("One", rss(article(2, "Updated: ")), full_text="never") == (0, 1)
    assert one.titles() == ["Circle dancer tower", "Lantern engine clock", "Updated: Diamond timber rocket"]


@pytest.mark.parametrize(
    "edit",
    [{"title": "A better headline"}, {"html": prose("rewritten")}, {"link": "https://feed.example/moved"}],
    ids=["title", "text", "link"],
)
def test_h25_an_edit_under_a_known_guid_is_no_new_entry(one: Rounds, edit: dict[str, str]) -> None:
    """One of title, text and link changes: the same entry."""
    said = {"title": "The headline", "link": "https://feed.example/post", "html": prose("first")}
    one.poll("One", rss(item(**said, guid="g", date=OLD)), full_text="never")
    new, _ = one.poll("One", rss(item(**{**said, **edit}, guid="g", date=OLD)), full_text="never")
    assert new == 0
    assert len(one.posts()) == 1


@pytest.mark.parametrize("redated", [True, False])
@pytest.mark.parametrize("retitled", [True, False])
def test_h26_new_guids_at_every_build_make_no_new_entries(one: Rounds, redated: bool, retitled: bool) -> None:
    """The links are those of before, and the guids that had them are gone."""

    def build(n: int) -> bytes:
        date = OLD + n * HOUR if redated else OLD
        mark = "Updated: " if retitled and n else ""
        return rss(
            *(item(f"{mark}Post {p}", f"https://feed.example/{p}", f"{n}-{p}", date, prose(f"p {p}")) for p in "abc")
        )

    assert one.poll("One", build(0), full_text="never") == (3, 0)
    for n in (1, 2):
        new, _ = one.poll("One", build(n), full_text="never")
        assert new == 0
    assert len(one.posts()) == 3


@pytest.mark.parametrize("guids", [True, False])
def test_h26_without_links_the_words_tell(one: Rounds, guids: bool) -> None:
    """New guids, or dates that are those of the build: the same title and text are the same post."""

    def build(n: int, posts: str) -> bytes:
        return rss(
            *(item(f"Post {p}", "", f"{n}-{p}" if guids else "", OLD + n * DAY, prose(f"post {p}")) for p in posts)
        )

    assert one.poll("One", build(0, "ab"), full_text="never") == (2, 0)
    assert one.poll("One", build(1, "ab"), full_text="never") == (0, 0)
    assert one.poll("One", build(2, "abc"), full_text="never") == (1, 0)
    assert len(one.posts()) == 3


def test_h26_a_notice_said_again_under_a_steady_feeds_new_guid_is_new(one: Rounds) -> None:
    """Where the other guids are those of before, a new guid and a new date mean it, whatever the words."""

    def notice(n: int) -> str:
        return item("Login fails", "", f"incident-{n}", OLD + n * DAY, "<p>We are looking into it.</p>")

    assert one.poll("One", rss(notice(1), notice(0)), full_text="never") == (2, 0)
    assert one.poll("One", rss(notice(2), notice(1)), full_text="never") == (1, 0)
    assert len(one.posts()) == 3


DATES = {
    "one date": [OLD] * 8,
    "no date": [None] * 8,
    "days": [OLD - n // 3 * DAY for n in range(8)],
    "to come": [START + 30 * DAY] * 8,
    "to come, apart": [START + 30 * DAY - n * HOUR for n in range(8)],
}


@pytest.mark.parametrize(("dates", "newest"), [*((name, "on top") for name in DATES), ("days", "at the end")])
@pytest.mark.parametrize("polls", [1, 2])
def test_k27_entries_of_one_date_come_in_the_order_of_the_document(
    one: Rounds, dates: str, newest: str, polls: int
) -> None:
    """Newest on top, or at the end where most dates rise; the chain of posts is the same."""
    items = [
        item(f"Post {n}", f"https://feed.example/{n}", f"{n}", date, prose(f"{n}"))
        for n, date in enumerate(DATES[dates])
    ]
    for shown in (items[4:], items)[-polls:]:
        one.poll("One", rss(*(shown if newest == "on top" else shown[::-1])), full_text="never")
        one.now += HOUR
    posts = one.posts()
    assert [post.title for post in posts] == [f"Post {n}" for n in range(8)]
    assert [post.next and post.next.title for post in posts] == [None, *(f"Post {n}" for n in range(7))]


# --- copies ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["<p>Your roundup of the day, in five minutes.</p>", prose("standing", 150)])
@pytest.mark.parametrize("title", ["Login is not available", "Briefing for day {n}"])
def test_h21_notices_in_the_same_words_are_no_copies(one: Rounds, text: str, title: str) -> None:
    """Of one feed, with links of their own, on other days; also when they come in one by one."""

    def notice(n: int) -> str:
        link = f"https://feed.example/notice/{n}"
        return item(title.format(n=n), link, link, OLD + n * DAY, text)

    one.poll("One", rss(*map(notice, (3, 2, 1, 0))), full_text="never")
    one.now += DAY
    one.poll("One", rss(notice(4)), full_text="never")
    assert len(one.posts()) == 5


def test_h21_a_double_posting_is_one(one: Rounds) -> None:
    """The same words under two links within minutes are a mistake of the outlet's."""
    items = [item("Twice", f"https://feed.example/{n}", str(n), OLD + n * HOUR / 6, prose("twice")) for n in range(2)]
    one.poll("One", rss(*items), full_text="never")
    assert len(one.posts()) == 1


@pytest.mark.parametrize(
    ("title", "text", "posts"),
    [
        ("Service degraded", "<p>We are looking into it.</p>", 2),
        ("Weekly roundup", "", 2),
        ("Patch Tuesday, December", "<p>Read more</p>", 2),
        ("A worm in the orchard's routers eats firmware of three makers", "", 1),
        ("A worm in the orchard", prose("worm", 20), 1),
    ],
)
def test_h21_words_that_everybody_uses_make_no_copy(tmp_path: Path, title: str, text: str, posts: int) -> None:
    """Two outlets on one day: a few words are no other outlet's; a teaser is."""
    rounds = Rounds(tmp_path, One=FEED, Two="https://two.example/rss")
    for n, (name, link) in enumerate({"One": "https://feed.example/a", "Two": "https://two.example/b"}.items()):
        rounds.poll(name, rss(item(title, link, link, OLD + n * HOUR, text)), full_text="never")
    assert len(rounds.posts()) == posts


def test_a_copy_of_another_outlet_is_one(tmp_path: Path) -> None:
    """Also when it comes days later."""
    rounds = Rounds(tmp_path, One=FEED, Two="https://two.example/rss")
    rounds.poll("One", rss(item("A worm", "https://feed.example/worm", "1", OLD, prose("worm"))), full_text="never")
    rounds.poll("Two", rss(item("A worm", "https://two.example/w", "1", OLD + DAY, prose("worm"))), full_text="never")
    assert [post.source.name for post in rounds.posts()] == ["One"]


@pytest.mark.parametrize(
    ("claimed", "leader"), [(-9 * DAY, "Outlet"), (-2 * HOUR, "Outlet"), (timedelta(), "Outlet"), (None, "Outlet")]
)
def test_h08_a_date_before_the_last_look_is_not_believed(
    tmp_path: Path, claimed: timedelta | None, leader: str
) -> None:
    """A copy that was not listed at its feed's last poll, and says that it was out by then, is the copy."""
    rounds = Rounds(tmp_path, Copier="https://copier.example/rss", Outlet="https://outlet.example/rss")
    for name in ("Copier", "Outlet"):
        first = item("Old", f"https://{name.lower()}.example/old", "0", OLD, prose(name))
        rounds.poll(name, rss(first), full_text="never")
    rounds.now += HOUR
    date = None if claimed is None else rounds.now - HOUR / 4 + claimed if claimed else rounds.now
    stolen = item("A worm", "https://copier.example/worm", "1", date, prose("worm", 200) + "<p>Visit us.</p>")
    own = item("A worm", "https://outlet.example/worm", "1", rounds.now - HOUR / 2, prose("worm", 200))
    rounds.poll("Copier", rss(stolen), scrape=False)
    rounds.poll("Outlet", rss(own), full_text="never")
    assert [post.source.name for post in rounds.posts() if post.title == "A worm"] == [leader]


def test_h08_a_feed_that_lags_a_few_minutes_keeps_its_date(tmp_path: Path) -> None:
    """Caches hold feeds back; a copy made meanwhile does not come before the original for that."""
    rounds = Rounds(tmp_path, Copier="https://copier.example/rss", Outlet="https://outlet.example/rss")
    for name in ("Copier", "Outlet"):
        first = item("Old", f"https://{name.lower()}.example/old", "0", OLD, prose(name))
        rounds.poll(name, rss(first), full_text="never")
    last_look = rounds.now
    rounds.now += HOUR
    own = item("A worm", "https://outlet.example/worm", "1", last_look - HOUR / 12, prose("worm"))
    copy = item("A worm", "https://copier.example/worm", "1", last_look + HOUR / 12, prose("worm"))
    rounds.poll("Copier", rss(copy), scrape=False)
    rounds.poll("Outlet", rss(own), full_text="never")
    assert [post.source.name for post in rounds.posts() if post.title == "A worm"] == ["Outlet"]


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
@pytest.mark.parametrize("named", ["Source: <a href='https://outlet.example/worm'>Outlet</a>", "Source: Outlet"])
def test_h08_who_names_the_other_as_its_source_is_the_copy(tmp_path: Path, ahead: timedelta, named: str) -> None:
    """Whatever its date is, and whichever feed is polled first; where one is out already it stays."""
    rounds = Rounds(tmp_path, Copier="https://copier.example/rss", Outlet="https://outlet.example/rss")
    rounds.pages["https://copier.example/worm"] = page("A worm", prose("worm", 300) + f"<p>{named}</p>")
    rounds.pages["https://outlet.example/worm"] = page("A worm", prose("worm", 300))
    copy = item("A worm", "https://copier.example/worm", "1", OLD - ahead, "<p>A worm.</p>")
    rounds.poll("Copier", rss(copy), scrape=False)
    rounds.poll("Outlet", rss(item("A worm", "https://outlet.example/worm", "1", OLD, "<p>A worm.</p>")))
    assert [post.source.name for post in rounds.posts()] == ["Outlet"]


# --- whose it is ----------------------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> Rounds:
    return Rounds(tmp_path, Stranger="https://stranger.example/rss", Outlet="https://outlet.example/rss")


OWN = item("The outlet's headline", "https://outlet.example/post", "o", START - HOUR, "<p>OWN</p>" + prose("own"))
SAID = item("INVENTED", "https://outlet.example/post", "s", START - 2 * HOUR, "<p>INVENTED words.</p>")


@pytest.mark.parametrize("order", ["Stranger first", "Outlet first", "one round"])
@pytest.mark.parametrize("readable", [True, False])
def test_h02_h09_a_post_is_its_own_outlets_whoever_names_it_first(two: Rounds, order: str, readable: bool) -> None:
    """Title, text, date and source are the outlet's; the stranger is named as one who links; the id stays."""
    if readable:
        two.pages["https://outlet.example/post"] = page("The outlet's headline", "<p>OWN</p>" + prose("own page", 300))
    names = ("Outlet", "Stranger") if order == "Outlet first" else ("Stranger", "Outlet")
    ids = []
    for name in names:
        home = f"https://{name.lower()}.example/"
        two.poll(name, rss(OWN if name == "Outlet" else SAID, home=home), scrape=order != "one round")
        if order != "one round" or name == names[-1]:
            two.scrape()
        ids.append([post.id for post in two.posts()])
    (post,) = two.posts()
    assert (post.title, post.source.name) == ("The outlet's headline", "Outlet")
    assert "OWN" in post.html
    assert "INVENTED" not in post.html + post.summary
    assert post.published == START - HOUR
    assert [other.name for other in post.also_in] == ["Stranger"]
    assert all(found == [post.id] for found in ids if found)
    assert two.store.archive.latest(9, source="outlet") == (post,)
    assert two.asked.count("https://outlet.example/post") == (1 if order != "Stranger first" else 2)


@pytest.mark.parametrize("order", ["first second Outlet", "first Outlet second", "Outlet second first"])
@pytest.mark.parametrize("several", [False, True])
def test_h02_two_strangers_name_an_outlets_post(tmp_path: Path, order: str, several: bool) -> None:
    """With words that have nothing in common: both are listed as ones who link, unless the outlet lists many there."""
    rounds = Rounds(tmp_path, **{name: f"https://{name.lower()}.example/rss" for name in order.split()})
    titles = {"first": "Tall tales forever", "second": "Circle lantern tower", "Outlet": "The outlet's headline"}
    listed = {}
    for name in order.split():
        words = prose(f"what {name} says", 60)
        listed[name] = item(titles[name], "https://outlet.example/post", name, START - HOUR, words)
        rounds.poll(name, rss(listed[name], home=f"https://{name.lower()}.example/"))
        rounds.now += HOUR
    (post,) = rounds.posts()
    assert (post.title, post.source.name) == (titles["Outlet"], "Outlet")
    assert sorted(other.name for other in post.also_in) == ["first", "second"]
    if several:
        more = item("Another of ours", "https://outlet.example/post", "more", START, prose("another", 60))
        rounds.poll("Outlet", rss(more, listed["Outlet"], home="https://outlet.example/"))
        assert rounds.titles() == sorted([*titles.values(), "Another of ours"])


def test_h02_a_stranger_that_says_to_be_the_outlet_is_none(two: Rounds) -> None:
    """A channel's link is its own word; a feed that comes from the site counts more."""
    two.poll("Stranger", rss(SAID, home="https://outlet.example/"))
    two.poll("Outlet", rss(OWN, home="https://outlet.example/"))
    assert [(post.title, post.source.name) for post in two.posts()] == [("The outlet's headline", "Outlet")]


def test_h02_a_feed_served_elsewhere_is_at_home_by_what_it_says(tmp_path: Path) -> None:
    """FeedBurner and the like: of two that are not fetched from the site, the one that names it as its home."""
    rounds = Rounds(tmp_path, Blog="https://blog.example/rss", Outlet="https://feeds.example/outlet")
    rounds.poll("Blog", rss(SAID, home="https://blog.example/"))
    rounds.poll("Outlet", rss(OWN, home="https://outlet.example/"))
    assert [(post.title, post.source.name) for post in rounds.posts()] == [("The outlet's headline", "Outlet")]


def test_h09_a_link_that_redirects_to_the_outlets_post_is_the_outlets(two: Rounds) -> None:
    """A post that only leads to a followed outlet is that outlet's, once its feed brings it."""
    there = "https://outlet.example/post"
    for url in ("https://stranger.example/go", there):
        two.pages[url], two.led[url] = page("The outlet's headline", "<p>OWN</p>" + prose("own page", 300)), there
    two.poll("Stranger", rss(item("Look at this", "https://stranger.example/go", "s", START - HOUR, "<p>See.</p>")))
    two.poll("Outlet", rss(OWN, home="https://outlet.example/"))
    (post,) = two.posts()
    assert (post.source.name, post.url) == ("Outlet", there)


@pytest.mark.parametrize(
    ("sent_on", "follows"),
    [
        ('<meta http-equiv="refresh" content="0; url={}">', True),
        ("<META HTTP-EQUIV=Refresh CONTENT=\"3;URL='{}'\">", True),
        ('<meta http-equiv="refresh" content="300; url={}">', False),
        ('<noscript><meta http-equiv="refresh" content="0; url={}"></noscript>', False),
        ('<script>window.location.href="{}"</script>', True),
        ("<script type='text/javascript'>\n<!-- away\nwindow.top.location = '{}';\n//--></script>", True),
        ('<script>setTimeout(function(){{location.replace("{}")}}, 100)</script>', True),
        ('<script>if (late) {{ location.href="{}" }}</script>', False),
        ('<script>button.onclick = function(){{location.href="{}"}}</script>', False),
        ('<noscript><script>location="{}"</script></noscript>', False),
    ],
)
def test_h09_a_page_that_only_sends_its_readers_on_is_a_redirect(two: Rounds, sent_on: str, follows: bool) -> None:
    """By a refresh within seconds, or a script's first statement; the post is the outlet's, once its feed brings it. Circles end."""
    there, link, circle = (
        "https://outlet.example/post",
        "https://stranger.example/go",
        "https://stranger.example/circle",
    )
    two.pages[link] = page("Please wait", "<p>You are being sent on.</p>", sent_on.format(there))
    two.pages[there] = page("The outlet's headline", "<p>OWN</p>" + prose("own page", 300))
    for one, other in ((circle, circle + "2"), (circle + "2", circle)):
        two.pages[one] = page("Round and round", "<p>On and on.</p>", sent_on.format(other))
    items = [item("Look at this", link, "s", START - HOUR, "<p>See.</p>"), item("Around", circle, "c", OLD)]
    two.poll("Stranger", rss(*items))
    two.poll("Outlet", rss(OWN, home="https://outlet.example/"))
    assert two.asked.count(circle) == 1
    two.now += 2 * HOUR
    two.scrape()
    found = {post.url: post.source.name for post in two.posts() if post.title != "Around"}
    assert found == ({there: "Outlet"} if follows else {there: "Outlet", link: "Stranger"})


AUTHORS = [
    ("https://host.example/@{}/{}", "https://host.example/@{}/feed"),
    ("https://host.example/~{}/{}", "https://host.example/~{}/rss"),
    ("https://{}.substack.com/p/{}", "https://{}.substack.com/feed"),
    ("https://medium.com/@{}/{}", "https://medium.com/feed/@{}"),
    ("https://{}.wordpress.com/{}", "https://{}.wordpress.com/feed/"),
    ("https://{}.livejournal.com/{}", "https://{}.livejournal.com/data/rss"),
    ("https://www.tumblr.com/{}/{}", "https://{}.tumblr.com/rss"),
    ("https://host.example/blogs-of/{}/{}", "https://host.example/blogs-of/{}/rss"),
    ("https://social.example/@{}/{}", "https://social.example/@{}.rss"),
    ("https://www.livejournal.com/users/{}/{}", "https://www.livejournal.com/users/{}/data/rss"),
    ("https://{}.blogs.example/{}", "https://{}.blogs.example/feed"),
    ("https://telegra.ph/{}-{}-12-01", "https://feeds.example/{}"),
    ("https://www.linkedin.com/pulse/{}-{}", "https://feeds.example/{}"),
    ("https://substack.com/home/post/{}-{}", "https://{}.substack.com/feed"),
    ("https://{}.blogspot.co.uk/{}", "https://{}.blogspot.co.uk/feeds/posts/default"),
    ("https://host.example/en/@{}/{}", "https://feeds.example/{}"),
    ("https://host.example/people/{}/{}", "https://feeds.example/{}"),
    ("https://host.example/{}/{}", "https://feeds.example/{}"),
]


@pytest.mark.parametrize(("post", "feed"), AUTHORS)
@pytest.mark.parametrize("alice_first", [True, False])
@pytest.mark.parametrize("claim", ['<link rel="canonical" href="{}">', '<meta property="og:url" content="{}">'])
def test_h03_a_page_speaks_for_its_own_author_alone(
    tmp_path: Path, post: str, feed: str, alice_first: bool, claim: str
) -> None:
    """On a host that authors share, one's page claims to be another's post: both come out, each with its own link."""
    rounds = Rounds(tmp_path, Mallory=feed.format("mallory"), Alice=feed.format("alice"))
    theirs, own = post.format("mallory", "a"), post.format("alice", "next")
    rounds.pages[theirs] = page("Mallory says other things", prose("mallory", 300), claim.format(own))
    rounds.pages[own] = page("The next post of Alice", prose("alice", 300))
    bodies = {
        "Mallory": rss(
            item("Mallory says other things", theirs, theirs, START - 2 * HOUR, prose("m")),
            home=post.format("mallory", ""),
        ),
        "Alice": rss(
            item("The next post of Alice", own, own, START - HOUR, prose("al")), home=post.format("alice", "")
        ),
    }
    for name in ("Alice", "Mallory") if alice_first else ("Mallory", "Alice"):
        rounds.poll(name, bodies[name])
    found = {one.title: (one.url, one.source.name) for one in rounds.posts()}
    assert found == {
        "Mallory says other things": (theirs, "Mallory"),
        "The next post of Alice": (own, "Alice"),
    }


@pytest.mark.parametrize(("post", "feed"), AUTHORS)
@pytest.mark.parametrize("alice_first", [True, False])
@pytest.mark.parametrize("home", [True, False])
def test_h03_a_title_that_everybody_uses_makes_no_claim_true(
    tmp_path: Path, post: str, feed: str, alice_first: bool, home: bool
) -> None:
    """A stranger links to Mallory's page, which has the title of Alice's next post, and claims to be it."""
    rounds = Rounds(tmp_path, Stranger="https://stranger.example/rss", Alice=feed.format("alice"))
    title, theirs, own = "Patch Tuesday, December", post.format("mallory", "a"), post.format("alice", "next")
    rounds.pages[theirs] = page(title, prose("mallory", 300), f'<link rel="canonical" href="{own}">')
    rounds.pages[own] = page(title, prose("alice", 300))
    bodies = {
        "Stranger": rss(item(title, theirs, theirs, START - 2 * HOUR, prose("m"))),
        "Alice": rss(
            item(title, own, own, START - HOUR, prose("al")), home=post.format("alice", "") if home else "https://a.b/"
        ),
    }
    for name in sorted(bodies, reverse=not alice_first):
        rounds.poll(name, bodies[name])
    assert {one.source.name: one.url for one in rounds.posts()} == {"Stranger": theirs, "Alice": own}


@pytest.mark.parametrize("feed", ["https://outlet.example/news/rss", "https://feeds.example/outlet"])
@pytest.mark.parametrize("outlet_first", [True, False])
def test_h02_a_short_link_of_the_outlets_own_is_its_post(tmp_path: Path, feed: str, outlet_first: bool) -> None:
    """A stranger gives it; the page names its address, and the outlet's feed says the same in words of its own."""
    rounds = Rounds(tmp_path, Stranger="https://stranger.example/rss", Outlet=feed)
    short, own = "https://outlet.example/?p=1", "https://outlet.example/2026/post"
    for url in (short, own):
        rounds.pages[url] = page("Patch Tuesday", prose("own page", 300), f'<link rel="canonical" href="{own}">')
    bodies = {
        "Outlet": rss(item("Patch Tuesday", own, own, START, prose("in short", 20)), home="https://outlet.example/"),
        "Stranger": rss(item("Patch Tuesday", short, "s", START - HOUR, prose("look", 20))),
    }
    for name in sorted(bodies, reverse=not outlet_first):
        rounds.poll(name, bodies[name])
    assert [(one.source.name, one.url) for one in rounds.posts()] == [("Outlet", own)]


@pytest.mark.parametrize("rel", ["prev", "next"])
@pytest.mark.parametrize("mallory_first", [True, False])
@pytest.mark.parametrize(
    "folder",
    ["https://host.example/@{}/", "https://host.example/{}/", "https://{}.substack.com/", "https://{}.blogs.example/"],
)
def test_h13_a_page_names_no_neighbour_of_another_author(
    tmp_path: Path, rel: str, mallory_first: bool, folder: str
) -> None:
    """Whose next post a page is, is said by its own author's pages."""
    homes = {name: folder.format(name.lower()) for name in ("Mallory", "Alice")}
    rounds = Rounds(tmp_path, **{name: f"{home}feed" for name, home in homes.items()})
    theirs, own = homes["Mallory"] + "a", homes["Alice"] + "one"
    rounds.pages[theirs] = page("Buy tokens", prose("tokens", 300), f'<link rel="{rel}" href="{own}">')
    rounds.pages[own] = page("The only post", prose("only", 300))
    bodies = {
        "Mallory": rss(item("Buy tokens", theirs, theirs, START - HOUR), home=homes["Mallory"]),
        "Alice": rss(item("The only post", own, own, START - 9 * HOUR), home=homes["Alice"]),
    }
    for name, home in homes.items():  # both are known
        rounds.poll(name, rss(home=home))
    for name in ("Mallory", "Alice") if mallory_first else ("Alice", "Mallory"):
        rounds.poll(name, bodies[name])
    (alice,) = (post for post in rounds.posts() if post.source.name == "Alice")
    assert (alice.next, alice.previous) == (None, None)


@pytest.mark.parametrize("canonical", ["https://site.example/", "https://site.example/blog", "https://site.example/x"])
@pytest.mark.parametrize("together", [True, False])
def test_h06_an_address_that_many_posts_claim_is_none(tmp_path: Path, canonical: str, together: bool) -> None:
    """A front page, a feed's home, an overview: each entry leads to its own post."""
    rounds = Rounds(tmp_path, Site="https://site.example/rss")
    links = [f"https://site.example/2026/{name}" for name in "abc"]
    for link in links:
        rounds.pages[link] = page(f"Post {link[-1]}", prose(link, 300), f'<link rel="canonical" href="{canonical}">')
    items = [item(f"Post {link[-1]}", link, link, OLD, prose(link[-1])) for link in links]
    for body in [rss(*items)] if together else [rss(one) for one in items]:
        rounds.poll("Site", body.replace(b"https://home.example/", b"https://site.example/blog"))
    assert sorted(post.url or "" for post in rounds.posts()) == links


def test_a_canonical_address_of_ones_own_is_taken(tmp_path: Path) -> None:
    """The usual case: the page of a short link names its address."""
    rounds = Rounds(tmp_path, Site="https://site.example/rss")
    own = "https://site.example/2026/a-post"
    rounds.pages["https://site.example/?p=1"] = page("A post", prose("a", 300), f'<link rel="canonical" href="{own}">')
    rounds.poll("Site", rss(item("A post", "https://site.example/?p=1", "1", OLD, prose("x"))))
    assert [post.url for post in rounds.posts()] == [own]


# --- one target, several posts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", ["https://cat.example/", "https://cat.example/catalogue", "https://cat.example/?v=2"]
)
@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("apart", [True, False])
def test_h20_posts_of_two_feeds_on_one_catalogue_keep_their_words(
    tmp_path: Path, target: str, readable: bool, apart: bool
) -> None:
    """Their titles and texts have nothing in common, and neither feed is the target's: they are two posts."""
    rounds = Rounds(tmp_path, One="https://one.example/rss", Two="https://two.example/rss")
    if readable:
        rounds.pages[target] = page("The catalogue of flaws", prose("a table of all flaws", 90))
    titles = {"One": "Four router flaws added", "Two": "In praise of good lists"}
    for name, title in titles.items():
        body = rss(item(title, target, name, OLD, prose(title, 60)), home=f"https://{name.lower()}.example/")
        rounds.poll(name, body, scrape=apart)
    rounds.scrape()
    assert rounds.titles() == sorted(titles.values())
    assert all(prose(post.title, 60)[3:40] in post.html for post in rounds.posts())


HEADLINES = {"A0": "Circle tower", "A1": "Lantern clock", "B0": "Rocket wood", "B1": "Window stone"}


@pytest.mark.parametrize("other", ["https://s.example/rss/b", "https://b.example/rss"])
@pytest.mark.parametrize("order", ["A0 B0 A1 B1", "B0 B1 A0 A1", "B0 A0 B1 A1", "A1 A0 B0 B1"])
@pytest.mark.parametrize("titled", [True, False])
def test_h20_a_list_that_its_own_site_gives_for_many_posts_is_none_of_them(
    tmp_path: Path, other: str, order: str, titled: bool
) -> None:
    """Of two feeds, one or both at home there, each item is a post with its own words, also when that shows late."""
    rounds = Rounds(tmp_path, A="https://s.example/rss/a", B=other)
    target = "https://s.example/changes"
    rounds.pages[target] = page("All changes", prose("a list of all", 200))
    listed: dict[str, list[str]] = {"A": [], "B": []}
    for name in order.split():
        title, text = HEADLINES[name] if titled else "", prose(f"own words of {name}", 50)
        listed[name[0]].insert(0, item(title, target, name, OLD + int(name[1]) * DAY, text))
        rounds.poll(name[0], rss(*listed[name[0]], home=f"https://{name[0].lower()}.example/"))
        rounds.now += HOUR
    posts = rounds.posts()
    assert sorted(post.source.name for post in posts) == ["A", "A", "B", "B"]
    for name in HEADLINES:
        (post,) = (post for post in posts if prose(f"own words of {name}", 50)[3:40] in post.html)
        assert post.source.name == name[0]
        assert post.also_in == ()


def test_h25_a_link_to_the_front_page_names_no_post(one: Rounds) -> None:
    """A guid that is used for each issue, with the front page as link: each issue is kept."""
    for n, title in enumerate(HEADLINES.values()):
        issue = item(title, "https://feed.example/", "latest", OLD + n * DAY, prose(f"issue {n}"))
        assert one.poll("One", rss(issue), full_text="never") == (1, 0)
    assert len(one.posts()) == 4


def test_two_feeds_that_carry_one_article_have_one_post(tmp_path: Path) -> None:
    """The same title, or the same text under another: one article, which both carry."""
    rounds = Rounds(tmp_path, One="https://one.example/rss", Two="https://two.example/rss")
    link = "https://third.example/worm"
    rounds.poll("One", rss(item("A worm in the orchard", link, "1", OLD, prose("worm"))))
    rounds.poll("Two", rss(item("Orchard: a worm!", link, "2", OLD, "<p>In short.</p>")))
    (post,) = rounds.posts()
    assert [other.name for other in post.also_in] == ["Two"]


# --- the best of both -----------------------------------------------------------------------------------------------


def enclosed(text: str, *, author: str = "", audio: str = "", picture: str = "", tag: str) -> str:
    inner = f"<author>{author}</author>" if author else ""
    inner += f'<enclosure url="{audio}" type="audio/mpeg" length="9"/>' if audio else ""
    itunes = "http://www.itunes.com/dtds/podcast-1.0.dtd"
    inner += f'<i:season xmlns:i="{itunes}">2</i:season><i:duration xmlns:i="{itunes}">90</i:duration>' if audio else ""
    media = "http://search.yahoo.com/mrss/"
    inner += f'<m:content xmlns:m="{media}" url="{picture}" medium="image"/>' if picture else ""
    inner += f"<category>worms</category><category>{tag}</category>"
    link = "https://site.example/talk"
    return item("A talk about worms", link, "", OLD, text).replace("</item>", inner + "</item>")


@pytest.mark.parametrize("first", ["Text", "Audio"])
@pytest.mark.parametrize("own_picture", [True, False])
def test_h27_a_post_of_two_feeds_shows_the_best_of_both(tmp_path: Path, first: str, own_picture: bool) -> None:
    """Text of the one, audio, author, picture and what a podcast says of the other, whichever comes first."""
    rounds = Rounds(tmp_path, Text="https://site.example/rss", Audio="https://site.example/podcast")
    long, audio = prose("talk", 200), "https://site.example/talk.mp3"
    pictures = {name: f"https://site.example/{name}.jpg" for name in ("Text", "Audio")}
    bodies = {
        "Text": rss(enclosed(long, tag="talks", picture=pictures["Text"] if own_picture else "")),
        "Audio": rss(
            enclosed(
                long[:120] + "</p>",
                author="j@x.example (Jane Doe)",
                audio=audio,
                picture=pictures["Audio"],
                tag="audio",
            )
        ),
    }
    for name in (first, *(bodies.keys() - {first})):
        rounds.poll(name, bodies[name], full_text="never")
    (post,) = rounds.posts()
    assert (post.author, [file.url for file in post.enclosures]) == ("Jane Doe", [audio])
    assert len(post.html) == len(long)
    assert post.lead_image == pictures[first if own_picture else "Audio"]
    assert post.episode is not None
    assert post.episode.season == 2
    assert set(post.categories) == {"worms", "talks", "audio"}
    assert len(post.categories) == 3


@pytest.mark.parametrize("texts", [("<p>Short text.</p>",) * 2, ("<p>Listen.</p>", prose("notes", 60))])
def test_h27_a_word_or_two_are_no_other_text(tmp_path: Path, texts: tuple[str, str]) -> None:
    """A feed whose text is a line takes the audio and the author of its site's podcast feed."""
    rounds = Rounds(tmp_path, Text="https://site.example/rss", Audio="https://site.example/podcast")
    audio = "https://site.example/talk.mp3"
    rounds.poll("Text", rss(enclosed(texts[0], tag="talks")), full_text="never")
    rounds.poll(
        "Audio", rss(enclosed(texts[1], tag="audio", author="j@x.example (Jane Doe)", audio=audio)), full_text="never"
    )
    (post,) = rounds.posts()
    assert (post.author, [file.url for file in post.enclosures]) == ("Jane Doe", [audio])


def test_h27_a_stranger_adds_nothing_to_an_outlets_post(two: Rounds) -> None:
    """No file, no author, no longer text of a feed that is not at home there."""
    said = SAID.replace("</item>", '<enclosure url="https://s.example/x.mp3" type="audio/mpeg" length="9"/></item>')
    two.poll("Stranger", rss(said.replace("INVENTED words.", prose("invented", 900)), home="https://stranger.example/"))
    two.poll("Outlet", rss(OWN, home="https://outlet.example/"))
    (post,) = two.posts()
    assert (post.enclosures, "invented" in post.html.lower()) == ((), False)


# --- edits ----------------------------------------------------------------------------------------------------------


def edits(rounds: Rounds) -> list[str]:
    with rounds.store._session.read() as sql:
        return [row["summary"] for row in sql.all("SELECT summary FROM revisions WHERE kind = 'edited'")]


@pytest.mark.parametrize("full_text", ["never", "auto", "always"])
def test_h10_an_edit_is_told_once(one: Rounds, full_text: str) -> None:
    """Also where the article has its feed's text alone: `never`, a long text, a page that cannot be had."""
    for state in ("alpha", "omega", "omega", "omega"):
        html = prose("edit", 400) + f"<p>The last line is {state}.</p>"
        one.poll("One", rss(item("A post", "https://feed.example/p", "p", OLD, html)), full_text=full_text)
        one.now += 9 * HOUR
        one.scrape(full_text)
    assert len(edits(one)) == 1


@pytest.mark.parametrize(
    "other", ["<div>{}</div>", "{}<p></p>", "<blockquote>{}</blockquote>"], ids=["div", "empty", "quote"]
)
def test_h10_other_markup_around_the_same_words_is_no_edit(one: Rounds, other: str) -> None:
    """What a reader would read is the same."""
    for html in (prose("same"), other.format(prose("same"))):
        one.poll("One", rss(item("A post", "https://feed.example/p", "p", OLD, html)), full_text="never")
        one.now += HOUR
        one.scrape("never")
    assert edits(one) == []
