"""Stories: what joins and what does not, in any order; merging, an operator's word, and taking up again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.dedupe.stories import index as windows
from aggregator.dedupe.stories.clusterer import Clusterer, group
from aggregator.dedupe.stories.cohesion import JOIN, agglomerate, cohesion, tie
from aggregator.dedupe.stories.index import Index
from aggregator.dedupe.stories.scoring import counted, score, told, vector
from aggregator.dedupe.stories.terms import features, written
from aggregator.dedupe.stories.values import Evidence, Features, Placement, Rulings, StoryItem

LINES = [json.loads(line) for line in (Path(__file__).parent / "labelled.jsonl").read_text("utf-8").splitlines()]
ITEMS = tuple(
    StoryItem(
        line["id"], line["title"], line["text"], datetime.fromisoformat(line["published"]), line["source"], line["url"]
    )
    for line in LINES
)
STORY = {line["id"]: line["story"] for line in LINES}
WHEN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _all_with_first(one: Iterable[str], other: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs that make one story of two."""
    first, *rest = (*one, *other)
    return [(first, item) for item in rest]


def _each_with_each(out: Iterable[str], left: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs that take the articles `out` from those that remain."""
    return [(a, b) for a in out for b in left]


def of(story: str) -> list[StoryItem]:
    return [item for item in ITEMS if STORY[item.id] == story]


def partition(items: list[StoryItem]) -> set[frozenset[str]]:
    """The stories as sets of articles: what does not hang on their names."""
    found: dict[str, set[str]] = {}
    for one in group(items):
        found.setdefault(one.story, set()).add(one.id)
    return {frozenset(story) for story in found.values()}


def clustered(items: list[StoryItem]) -> Clusterer:
    clusterer = Clusterer(counted(map(features, ITEMS)))
    for item in items:
        clusterer.add(features(item))
    return clusterer


# --- what joins ------------------------------------------------------------------------------------------------


def test_outlets_that_report_one_event_make_one_story() -> None:
    """A zero-day in the words of six outlets, one of them German."""
    items = of("helmgate-zero-day")
    assert len({clustered(items).story(item.id) for item in items}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("helmgate-zero-day", "helmgate-console"),
        ("patchday-january", "patchday-february"),
        ("corvid-first", "corvid-second"),
        ("brackwater-alder", "brackwater-port"),
        ("saltmarsh-thornbury", "saltmarsh-lakeview"),
        ("brackwater-alder", "alder-data-notice"),
        ("murmur-takedown", "murmur-record"),
        ("pakr-ledger", "pakr-typo"),
        ("lynx-ministries", "lynx-telecom"),
        ("coinharbor-heist", "lantern-bridge"),
        ("trelane-backdoor", "trelane-abuse-botnet"),
        ("ics-voltaic", "ics-brightpump"),
    ],
)
def test_events_that_look_alike_stay_apart(one: str, other: str) -> None:
    """Two patches of a vendor, two victims of a gang, a follow-up a month later: most pairs are not linked."""
    found = {item.id: item.story for item in group(ITEMS)}
    pairs = [(a.id, b.id) for a in of(one) for b in of(other)]
    wrong = sum(found[a] == found[b] for a, b in pairs)
    assert wrong <= len(pairs) / 10


FLAWS = (
    ("Helmgate", "EdgeWall", "2026-21407", "a missing check of the session in the console", "read the configuration"),
    ("Pakr", "Ledgerline", "2026-30112", "an injection in the reporting module", "alter invoices"),
    ("Voltaic", "VoltStat", "2026-18803", "a fixed password in the maintenance service", "stop the turbines"),
    ("Murmur", "Murmur Desk", "2026-40551", "a use after free in the video codec", "run code on the workstation"),
)
AGENCY = (
    "{vendor} has published a security advisory for {product}. The vulnerability {id} is {flaw}. An attacker who is "
    "able to reach the affected product may {harm} with the rights of the user. The agency is aware of the report and "
    "has assigned the priority high. Affected are all versions of {product} before the current release. Solution: "
    "{vendor} has made updates available, see the advisory of the manufacturer for the affected versions and for "
    "workarounds. Users and administrators are advised to install the security update as soon as possible, to restrict "
    "access to the product from the internet, and to watch the logs for signs of abuse. No rights can be derived from "
    "the information in this security advisory, and no liability is accepted for its use."
)
BUYER_OF_FLAWS = (
    "This vulnerability allows remote attackers to execute arbitrary code on affected installations of {vendor} "
    "{product}. User interaction is required to exploit this vulnerability in that the target must visit a malicious "
    "page or open a malicious file. The specific flaw exists within the handling of requests: {flaw}. An attacker can "
    "leverage this vulnerability to {harm} in the context of the current process. {vendor} has issued an update to "
    "correct this vulnerability, {id}. The vulnerability was reported to the vendor and the advisory was released in "
    "coordination. Credit goes to an anonymous researcher."
)


@pytest.mark.parametrize("series", ["CVE-", "WID-SEC-"])
@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Security advisory: vulnerability in {vendor} {product} ({id})", AGENCY),
        ("Vulnerability fixed in {product}", AGENCY),
        ("{vendor} {product} Remote Code Execution Vulnerability", BUYER_OF_FLAWS),
    ],
)
def test_advisories_in_one_template_stay_apart(title: str, text: str, series: str) -> None:
    """Four flaws of four products in an agency's own words, a day apart, where nothing else has been read yet."""
    clusterer = Clusterer()
    for day, (vendor, product, number, flaw, harm) in enumerate(FLAWS):
        said = {"vendor": vendor, "product": product, "id": series + number, "flaw": flaw, "harm": harm}
        item = StoryItem(str(day), title.format(**said), text.format(**said), WHEN + timedelta(days=day), "agency")
        clusterer.add(features(item))
    assert [clusterer.story(str(day)) for day in range(4)] == ["0", "1", "2", "3"]


def test_reports_of_two_flaws_meet_in_who_names_both() -> None:
    """Of a chain of flaws one outlet names the first, another the second: a third that names both brings them together."""
    told_of = ("name:helmgate", "name:edgewall", "word:gatewa", "word:sessio")
    clusterer = Clusterer()
    for item, ids in (("a", ["1111"]), ("b", ["2222"]), ("c", ["1111", "2222"])):
        terms = (*(f"id:CVE-2026-{number}" for number in ids), *told_of, *(f"word:{item}{n}" for n in range(4)))
        clusterer.add(Features(item, WHEN, tuple((term, 1.0) for term in terms)))
    assert len({clusterer.story(item) for item in "abc"}) == 1


def test_models_and_patches_are_no_series() -> None:
    """One event in which outlets name different models, or a patch here and a flaw there, is held apart only half."""

    def told_of(item: str, *ids: str) -> Features:
        return Features(item, WHEN, tuple((term, 1.0) for term in (*ids, "name:helmgate", "word:gatewa")))

    stats = counted([])
    for one, other, weight in (
        ("id:DIR-815", "id:DIR-823", -0.5),
        ("id:KB5034441", "id:KB5034122", -0.5),
        ("id:CVE-2026-1111", "id:NCSC-2026-0012", -0.5),
        ("id:CVE-2026-1111", "id:CVE-2026-2222", -0.9),
        ("id:ZDI-26-101", "id:ZDI-26-102", -0.9),
    ):
        against = score(told_of("a", one), told_of("b", other), stats).evidence[-1]
        assert (against.term, round(against.weight, 4)) == ("different identifiers", weight)


def test_a_round_up_joins_none_of_its_stories() -> None:
    """An article that mentions ten events belongs to none of them."""
    found = {item.id: item.story for item in group(ITEMS)}
    for story in ("roundup-january", "roundup-january-courier"):
        (item,) = of(story)
        members = {STORY[other] for other, name in found.items() if name == found[item.id]}
        assert all(member.startswith("roundup") for member in members)


def test_articles_that_share_only_an_outlet_stay_alone() -> None:
    """Columns, surveys and how-tos of one outlet are nobody's story."""
    found = [item.story for item in group([item for item in ITEMS if item.source == "Cipherdesk"])]
    assert len(set(found)) == len(found)


def test_days_apart_are_another_story() -> None:
    """The same words a month later are about something new; without dates they are about the same."""
    item = of("quillo-backup")[0]
    later = replace(item, id="later", published=item.published + timedelta(days=30) if item.published else None)
    stats = counted(map(features, ITEMS))
    assert score(features(item), features(later), stats).score == 0
    undated = replace(later, published=None)
    assert score(features(item), features(undated), stats).score > 0.9


def test_a_score_is_explained() -> None:
    """The evidence names what is shared, and what speaks against."""
    stats = counted(map(features, ITEMS))
    one, two = (features(item) for item in of("trelane-backdoor")[:2])
    match = score(one, two, stats)
    assert {"name:trelane", "name:qamaster"} & {evidence.term for evidence in match.evidence}
    assert [evidence.weight for evidence in match.evidence] == sorted((e.weight for e in match.evidence), reverse=True)
    assert score(two, one, stats) == match
    against = score(features(of("ics-voltaic")[0]), features(of("ics-brightpump")[0]), stats)
    assert "different identifiers" in {evidence.term for evidence in against.evidence}


LANGUAGES = {
    "falkenau-stadtwerke": 4,
    "villaserra-ayuntamiento": 2,
    "ormes-clinique": 2,
    "bank-lesnoy": 2,
    "zhongqiao-hospital": 2,
}


@pytest.mark.parametrize("story", LANGUAGES)
def test_stories_in_other_languages(story: str) -> None:
    """German, Spanish, French, Russian and Chinese articles find each other."""
    found = {item.id: item.story for item in group(ITEMS)}
    items = of(story)
    assert len(items) == LANGUAGES[story]
    assert len({found[item.id] for item in items}) == 1


# --- order -----------------------------------------------------------------------------------------------------


def agreement(one: set[frozenset[str]], other: set[frozenset[str]]) -> float:
    """The B-cubed F1 between two partitions of the same articles."""
    home = {item: story for story in other for item in story}
    total = sum(len(story) for story in one)
    precision = sum(len(story & home[item]) / len(story) for story in one for item in story) / total
    recall = sum(len(story & home[item]) / len(home[item]) for story in one for item in story) / total
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_arrival_hardly_matters(seed: int) -> None:
    """Any order of the same articles gives nearly the same stories."""
    shuffled = random.Random(seed).sample(ITEMS, len(ITEMS))
    assert agreement(partition(list(ITEMS)), partition(shuffled)) >= 0.95


def test_the_same_order_gives_the_same_lines() -> None:
    """Grouping is deterministic."""
    assert list(group(ITEMS)) == list(group(ITEMS))


def test_lines_come_in_the_order_given() -> None:
    """One line for each article, in order, and every article has a story."""
    found = list(group(reversed(ITEMS)))
    assert [one.id for one in found] == [item.id for item in reversed(ITEMS)]
    assert all(one.story for one in found)


def test_copies_lead_to_the_first_publication() -> None:
    """Whatever the order, the article published first leads, and the reason and the similarity are said."""
    expected = {line["id"]: line["duplicate_of"] for line in LINES}
    for items in (ITEMS, ITEMS[::-1]):
        found = {one.id: one for one in group(items)}
        assert {name: one.duplicate_of for name, one in found.items()} == expected
        for one in found.values():
            assert (one.reason is None) == (one.similarity is None) == (one.duplicate_of is None)
            assert one.duplicate_of is None or found[one.duplicate_of].story == one.story


def test_repeated_and_missing_ids_are_told_apart() -> None:
    """A file in which every id is the same still has a line for each."""
    found = list(group(replace(item, id="") for item in ITEMS[:5]))
    assert len({one.id for one in found}) == 5


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(StoryItem, id=st.text(max_size=2), title=st.text(max_size=30), text=st.text(max_size=60)), max_size=8
    )
)
def test_any_articles_can_be_grouped(items: list[StoryItem]) -> None:
    """Nothing raises, nothing is lost."""
    assert len(list(group(items))) == len(items)


# --- growing ---------------------------------------------------------------------------------------------------


def made(name: str, *terms: str, days: float = 0) -> Features:
    return Features(name, WHEN + timedelta(days=days), tuple((f"name:{term}", 2.0) for term in terms))


def test_a_story_is_founded_and_joined() -> None:
    """The first article names the story; a late one joins it and says why."""
    clusterer = Clusterer()
    assert clusterer.add(made("a", "worm", "orchard", "apple")).placement is Placement.NEW
    decision = clusterer.add(made("b", "worm", "orchard", "pear", days=6))
    assert (decision.story, decision.placement) == ("a", Placement.JOINED)
    assert (decision.links[0].a, decision.links[0].b) == ("b", "a")
    assert {evidence.term for evidence in decision.links[0].evidence} >= {"name:worm", "name:orchard"}
    assert clusterer.members("a") == ("a", "b")


def test_an_article_is_placed_once() -> None:
    """Adding the same id again is a mistake of the caller."""
    clusterer = Clusterer()
    clusterer.add(made("a", "worm"))
    with pytest.raises(ValueError, match="a has been placed before"):
        clusterer.add(made("a", "worm"))


def two_halves() -> Clusterer:
    """Two stories that will turn out to be one."""
    clusterer = Clusterer()
    clusterer.add(made("a", "worm", "orchard", "apple", "north"))
    clusterer.add(made("b", "mail", "server", "queue", "south"))
    assert clusterer.story("a") != clusterer.story("b")
    return clusterer


def test_two_stories_that_turn_out_to_be_one_are_merged() -> None:
    """The oldest one's id survives, the other one leads to it, and its articles are named as moved."""
    clusterer = two_halves()
    decision = clusterer.add(made("c", "worm", "orchard", "mail", "server"))
    decision = (
        clusterer.add(made("d", "worm", "orchard", "mail", "server", "queue")) if not decision.merged else decision
    )
    assert decision.placement is Placement.MERGED
    assert decision.merged == ("b",)
    assert decision.story == "a"
    assert ("b", "b", "a") in {(move.item, move.before, move.now) for move in decision.moved}
    assert {clusterer.story(item) for item in "abc"} == {"a"}
    assert clusterer.members("b") == ()


def test_a_copy_shares_its_originals_story() -> None:
    """Whatever the terms say, the same text is the same story."""
    clusterer = two_halves()
    decision = clusterer.add(made("c", "mail", "server", "lamp", "moth", "wing"), copy_of="a")
    assert decision.story == clusterer.story("a")
    assert clusterer.story("b") != decision.story
    assert decision.links[0].evidence[0].term == "the same text"


def test_an_operator_merges() -> None:
    """Stories that were put together stay so, also when more articles come."""
    clusterer = two_halves()
    rulings = Rulings().joined(_all_with_first(clusterer.members("a"), clusterer.members("b")))
    moves = clusterer.rule(rulings)
    assert [(move.item, move.before, move.now) for move in moves] == [("b", "b", "a")]
    clusterer.add(made("c", "mail", "server", "queue"))
    assert clusterer.story("a") == clusterer.story("b") == "a"
    assert clusterer.rule(rulings) == ()


def test_an_operator_splits() -> None:
    """An article that was taken out stays out, in a story of its own, also when more articles come."""
    clusterer = Clusterer()
    for name in "abc":
        clusterer.add(made(name, "worm", "orchard", "apple"))
    (move,) = clusterer.rule(Rulings().parted(_each_with_each(["c"], ["a", "b"])))
    assert (move.item, move.before) == ("c", "a")
    assert clusterer.story("c") == move.now == "c"
    clusterer.add(made("d", "worm", "orchard", "apple"))
    assert clusterer.story("c") != clusterer.story("a") == clusterer.story("b")


def test_the_last_word_counts() -> None:
    """Of a merge and a split of the same articles the later one holds; taking rulings back undoes them."""
    pair = frozenset(_all_with_first(["a"], ["b"]))
    assert Rulings().joined(pair).parted(pair) == Rulings(apart=pair)
    assert Rulings().parted([("b", "a")]).joined(pair) == Rulings(together=pair)
    clusterer = two_halves()
    clusterer.rule(Rulings().joined(pair))
    assert {move.item for move in clusterer.rule(Rulings())} == {"b"}


def test_what_was_kept_can_be_taken_up_again() -> None:
    """Features, stories and scores are all there is: a restored window goes on as the former one would have."""
    described = [features(item) for item in ITEMS]
    first, then = described[:150], described[150:]
    former = Clusterer()
    links = [(link.a, link.b, link.score) for one in first for link in former.add(one).links]
    again = Clusterer()
    again.restore([(one, former.story(one.id)) for one in first], links)
    assert all(again.story(one.id) == former.story(one.id) for one in first)
    for one in then:
        assert again.add(one).story == former.add(one).story
    assert {one.id: again.story(one.id) for one in described} == {one.id: former.story(one.id) for one in described}


def test_the_window_forgets() -> None:
    """Stories older than the window leave it whole, with everything kept of them; later articles find no trace."""
    clusterer = Clusterer()
    clusterer.add(made("a", "worm", "orchard", "apple"))
    clusterer.add(made("b", "worm", "orchard", "apple", days=5))
    clusterer.forget(WHEN + timedelta(days=1))
    assert clusterer.members("a") == ("a", "b")
    clusterer.forget(WHEN + timedelta(days=6))
    assert len(clusterer) == 0
    decision = clusterer.add(made("c", "worm", "orchard", "apple", days=7))
    assert (decision.story, decision.links) == ("c", ())


def test_the_older_id_survives_a_split_and_a_restart() -> None:
    """Taking back a split gives the story its id again, though the article that it is named for was outside."""
    clusterer = Clusterer()
    described = [made(name, "worm", "orchard", "apple") for name in "abc"]
    links = [(link.a, link.b, link.score) for one in described for link in clusterer.add(one).links]
    clusterer.rule(Rulings().parted(_each_with_each(["a"], ["b", "c"])))
    assert [clusterer.story(item) for item in "abc"] == ["a.2", "a", "a"]
    again = Clusterer(rulings=Rulings().parted(_each_with_each(["a"], ["b", "c"])))
    again.restore([(one, clusterer.story(one.id)) for one in described], links)
    again.rule(Rulings().joined(_all_with_first(["a"], ["b", "c"])))
    assert {again.story(item) for item in "abc"} == {"a"}


def test_the_older_id_survives_when_others_have_left_the_window() -> None:
    """Stories that are founded after many have been forgotten are not taken for older ones."""
    clusterer = Clusterer()
    for number in range(5):
        clusterer.add(made(f"past{number}", f"matter{number}", f"thing{number}"))
    clusterer.add(made("old", "worm", "orchard", days=20))
    clusterer.forget(WHEN + timedelta(days=10))
    clusterer.add(made("new", "lamp", "moth", days=21))
    clusterer.rule(Rulings().joined(_all_with_first(["new"], ["old"])))
    assert (clusterer.story("new"), clusterer.story("old")) == ("old", "old")


def test_memory_does_not_grow_beyond_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a year of articles, what is kept is what two weeks hold."""
    monkeypatch.setattr(windows, "UNUSED", 50)
    clusterer = Clusterer()
    for day in range(365):
        for number in range(3):
            clusterer.add(made(f"{day}.{number}", f"event{day}", f"rare{day}x{number}", "worm", days=day))
        clusterer.forget(WHEN + timedelta(days=day - 14))
    window = clusterer._window
    assert len(clusterer) == 15 * 3
    assert len(window.stories) <= 45
    assert len(window._founders) <= 90
    assert len(window.stats.terms) - window.stats.unused <= 61
    assert len(window.stats.terms) <= 2 * 61 + 50
    assert len(window._index._holders) <= 61
    assert all(other in window.members for member in window.members.values() for other in member.scores)


# --- parts -----------------------------------------------------------------------------------------------------


def test_features_of_an_article() -> None:
    """Identifiers, names, numbers and words are told apart; stop words and years tell nothing."""
    item = StoryItem(
        "1",
        "Helmgate patches EdgeWall",
        "On Tuesday Helmgate fixed CVE-2026-21407 in EdgeWall 7.2.9; 1,940 gateways and files.example.com in 2026.",
    )
    terms = dict(features(item).terms)
    assert {
        "id:CVE-2026-21407",
        "name:helmgate",
        "name:edgewall",
        "num:7.2.9",
        "num:1940",
        "name:files.example.com",
        "word:gatewa",
    } <= set(terms)
    assert not {"word:on", "word:the", "num:2026", "name:tuesday"} & set(terms)
    assert terms["name:helmgate"] > terms["word:gatewa"]


def test_a_title_in_title_case_makes_no_names() -> None:
    """Capitals tell only where they are not everywhere."""
    terms = dict(features(StoryItem("1", "Hackers Break Into Old Routers", "The routers were old.")).terms)
    assert not [term for term in terms if term.startswith("name:")]


def test_features_can_be_written_and_read_again() -> None:
    """Terms as JSON come back as they were."""
    for item in ITEMS[:30]:
        described = features(item)
        assert json.loads(written(item).terms) == dict(described.terms)


def test_evidence_in_words() -> None:
    """What is shared is said once, and what speaks against it last."""
    evidence = [
        Evidence("the same text", 1.0),
        Evidence("name:helmgate", 0.2),
        Evidence("word:helmga", 0.2),
        Evidence("id:CVE-2026-1", 0.1),
        Evidence("num:412000", 0.1),
        Evidence("word:portal", 0.1),
        Evidence("word:box", 0.1),
        Evidence("5 days apart", -0.2),
    ]
    assert (
        told(evidence)
        == "the same text, helmgate, CVE-2026-1, the number 412000, “portal…”, “box”; against it: 5 days apart"
    )
    assert told([]) == ""


def test_what_is_far_down_counts_little() -> None:
    """The tail of a long article does not bury its beginning."""
    tail = " ".join(chr(97 + n % 20) + chr(97 + n // 20 % 20) + "filler" for n in range(800))
    first, *others = of("driftglass-chip")
    clusterer = clustered([*others, replace(first, text=f"{first.text}\n\n{tail}")])
    assert {clusterer.story(other.id) for other in others} == {clusterer.story(first.id)}


def test_two_groups_that_are_closer_to_themselves_stay_apart() -> None:
    """The same scores that join two lone articles do not join two close groups."""
    close, loose = 0.5, 0.12
    items = "abcdef"
    scores = {x: {y: close if (x < "d") == (y < "d") else loose for y in items if y != x} for x in items}
    assert agglomerate(items, scores) == (("a", "b", "c"), ("d", "e", "f"))
    assert agglomerate("ad", scores) == (("a", "d"),)


def _merged_one_by_one(items: list[str], scores: dict[str, dict[str, float]]) -> tuple[tuple[str, ...], ...]:
    """The partition by the definition: of all pairs of groups the closest become one, as long as any are close."""
    groups = [[item] for item in sorted(items)]
    numbers = list(range(len(groups)))

    def total(one: list[str], other: list[str]) -> float:
        return sum(scores[a].get(b, 0.0) for a in one for b in other)

    def own(group: list[str]) -> float:
        return cohesion(total(group, group) / 2, len(group))

    while True:
        ties = [
            (-tie(total(one, other), len(one) * len(other), own(one), own(other)), numbers[a], numbers[b], a, b)
            for a, one in enumerate(groups)
            for b, other in enumerate(groups)
            if numbers[a] < numbers[b]
        ]
        strength, _, _, a, b = min(ties, default=(0.0, 0, 0, 0, 0))
        if -strength < JOIN:
            return tuple(sorted(tuple(sorted(group)) for group in groups))
        joined, number = groups[a] + groups[b], max(numbers) + 1
        groups = [group for place, group in enumerate(groups) if place not in (a, b)] + [joined]
        numbers = [old for place, old in enumerate(numbers) if place not in (a, b)] + [number]


@pytest.mark.parametrize("seed", range(20))
def test_stories_are_what_merging_the_closest_one_by_one_gives(seed: int) -> None:
    """However it is reckoned, the stories are those of the definition. Scores in eighths, so that sums are exact."""
    dice = random.Random(seed)
    items = [f"{dice.random():.6f}" for _ in range(dice.randint(2, 24))]
    scores: dict[str, dict[str, float]] = {item: {} for item in items}
    for place, item in enumerate(items):
        for other in items[:place]:
            scores[item][other] = scores[other][item] = dice.choice((0.0, 0.0625, 0.125, 0.25))
    assert agglomerate(items, scores) == _merged_one_by_one(items, scores)


def test_copies_by_the_hundred_are_one_story_at_once() -> None:
    """Where all pairs are equally close, looking for the closest does not go through all of them each time."""
    items = [f"{number:03}" for number in range(150)]
    scores = {item: {other: 1.0 for other in items if other != item} for item in items}
    began = time.process_time()
    assert agglomerate(items, scores) == (tuple(items),)
    assert time.process_time() - began < 1.0


def test_an_index_forgets_what_is_removed() -> None:
    """What was added is found, what was removed is not, and nothing else is lost."""
    index, stats = Index(), counted([])
    one, two = vector(made("one", "worm", "apple"), stats), vector(made("two", "worm", "pear"), stats)
    first, second = index.add("one", one), index.add("two", two)
    assert [index.name(place) for place in index.near(one, 9)] == ["one", "two"]
    assert [index.name(place) for place in index.near(one, 9, lambda places: places != first)] == ["two"]
    index.remove(first)
    assert [index.name(place) for place in index.near(one, 9)] == ["two"]
    index.remove(second)
    assert index.near(two, 9).tolist() == []


def test_no_name_is_given_twice_though_its_story_is_outside() -> None:
    """A story keeps the name of an article that has left it for another, however old its own articles are."""
    described = [made(name, "worm", "orchard", "apple") for name in "abc"]
    clusterer = Clusterer()
    clusterer.restore([(one, "b") for one in described], [], names=[("a", "a"), ("b", "b")])
    clusterer.rule(Rulings().parted(_each_with_each(["a"], ["b", "c"])).joined(_all_with_first(["b"], ["c"])))
    assert [clusterer.story(item) for item in "abc"] == ["a.2", "b", "b"]
