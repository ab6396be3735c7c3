"""Facts of made-up texts: one file of cases a matter in cases/, and what must hold of any text."""

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregator.intel.facts import Knowledge, facts_of
from aggregator.intel.known import known
from aggregator.intel.names import Catalogue
from aggregator.models.intel import JUDGED, Fact, Name, Subject, WarningList

CASES = [
    pytest.param(case, id=f"{path.stem}-{case['id']}")
    for path in sorted(Path(__file__).with_name("cases").glob("*.json"))
    for case in json.loads(path.read_text("utf-8"))
]

NAMES = Catalogue(
    {
        "T1059": ("Command and Scripting Interpreter", None),
        "T1059.003": ("Windows Command Shell", None),
        "T1086": ("PowerShell", "T1059.001"),
        "T1059.001": ("PowerShell", None),
        "TA0001": ("Initial Access", None),
        "G0046": ("Gilded Heron", None),
        "S9001": ("Brasskettle", None),
    },
    (
        Name("actor", "Gilded Heron", "G0046", aliases=("FIN77", "Lacquer Group", "TIN", "Carbide")),
        Name("actor", "Beijing Group", "G0047"),
        Name("software", "Brasskettle", "S9001", aliases=("BKettle",)),
        Name("software", "Maze", "S9002"),
        Name("software", "Carbide", "S9003"),
        Name("vendor", "Fleetgate"),
        Name("product", "SMX1000", vendor="Fleetgate"),
        Name("product", "Word", vendor="Fleetgate"),
        Name("product", "Mobile Core Gatekeeper", vendor="Fleetgate"),
    ),
)
LISTS = known((WarningList("whats-my-ip", "hostname", ("my-address.net",)), WarningList("google", "string", ("exact-name.com", ".below-name.com"))))  # fmt: skip
KNOWLEDGE = Knowledge(NAMES, LISTS)
OUTLET = "https://www.harborwire.net/2026/02/item"


def read(text: str, title: str = "", links: tuple[str, ...] = (), **more: tuple[str, ...]) -> tuple[Fact, ...]:
    return facts_of(Subject(text, title, OUTLET, links), 2027, Knowledge(NAMES, LISTS, **more))


def exported(text: str, **more: tuple[str, ...]) -> set[str]:
    return {fact.value for fact in read(text, **more) if fact.indicator}


@pytest.mark.parametrize("case", CASES)
def test_a_made_up_text_is_read_as_its_case_says(case: dict) -> None:
    """Each case lists every indicator, mention, identifier and name that its text holds, and none besides."""
    found = read(case["text"], case.get("title", ""), tuple(case.get("links", ())))
    assert {f"{fact.kind} {fact.value}" for fact in found if fact.indicator} == set(case.get("indicators", ()))
    assert {f"{fact.kind} {fact.value}" for fact in found if fact.kind in JUDGED and not fact.indicator} == set(
        case.get("mentions", ())
    )
    named = {
        f"{fact.kind} {fact.attack_id if fact.kind in {'actor', 'software'} else fact.value}"
        for fact in found
        if fact.kind not in JUDGED
    }
    assert named == set(case.get("named", ()))
    hold(case["text"], case.get("title", ""), found)


HEADINGS = {
    True: (
        "IP-адреса:", "Домены:", "Appendix A: Indicators of Compromise", "Network indicators", "Prüfsummen und Domänen", "Indicateurs", "Artefatos",
        "Dominios", "Indicatori di compromissione", "Wskaźniki kompromitacji", "侵害指標", "失陷指标", "침해 지표",
    ),
    False: (
        "References", "Quellen", "Fuentes", "Источники", "Not malicious", "Known-good hosts", "Legitimate domains", "Affected products", "Victims",
        "Fixed versions", "Recommendations", "Appendix B: Timeline", "About us",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("heading", "indicators"), [(heading, yes) for yes, headings in HEADINGS.items() for heading in headings]
)
def test_what_stands_below_a_heading(heading: str, indicators: bool) -> None:
    """Plain values: indicators below a heading for them, in any language; below another one they are none."""
    text = f"A worm was seen.\n\nIOCs\n\nc2[.]tin-panel.com\n\n{heading}\n\n45.9.148.7\ntinkettle-cdn.com\n"
    plain = {"45.9.148.7", "tinkettle-cdn.com"}
    assert exported(text) == {"c2.tin-panel.com"} | (plain if indicators else set())


def hold(text: str, title: str, found: tuple[Fact, ...]) -> None:
    """What holds of the facts of any text: places are slices, judged kinds have reasons."""
    for fact in found:
        assert fact.why or fact.kind not in JUDGED, fact
        assert not (fact.indicator and fact.kind not in JUDGED), fact
        for place in fact.places:
            field = title if place.field == "title" else text
            assert field[place.start : place.end] == place.seen, fact


DOTS = ["[.]", "(.)", "{.}", "<.>", "[dot]", "(dot)", "{dot}", "[ . ]", "\\.", "[,]", " [.] ", "[.", ".]"]
SCHEMES = ["hxxp", "h**p", "hxtp", "h__p", "HXXP", "hXXp"]
COLONS = ["://", "[:]//", "[://]", "(:)//"]
label = st.from_regex(r"[a-z][a-z0-9]{2,11}", fullmatch=True)


@given(
    label,
    label,
    st.sampled_from(["top", "com", "co.uk", "ru", "xyz"]),
    st.sampled_from(DOTS),
    st.sampled_from(["see {} now", "{}", "({})", "“{}”,", "{}.\n"]),
)
def test_a_defanged_domain_is_read_back(first: str, second: str, ending: str, dot: str, around: str) -> None:
    value = f"{first}x.{second}x.{ending}"
    found = read(around.format(value.replace(".", dot)))
    assert [(fact.kind, fact.value) for fact in found if fact.kind in JUDGED] == [("domain", value)]


@given(
    label,
    st.sampled_from(DOTS[:7]),
    st.sampled_from(SCHEMES),
    st.sampled_from(COLONS),
    st.booleans(),
    st.sampled_from(["", "/", "/a/b.php?x=1&y=2", ":8080/x"]),
)
def test_a_defanged_url_is_read_back(name: str, dot: str, scheme: str, colon: str, secure: bool, path: str) -> None:
    host = f"{name}q.top".replace(".", dot)
    found = read(f"It loads {scheme}{'s' if secure else ''}{colon}{host}{path}, then stops.")
    tail = path if "/" in path else path + "/"
    assert [(fact.kind, fact.value) for fact in found if fact.kind in JUDGED] == [
        ("url", f"http{'s' if secure else ''}://{name}q.top{tail}")
    ]


@given(st.ip_addresses(v=4), st.sampled_from(DOTS), st.sampled_from(["C2: {}", "{}", "at {} now"]))
def test_a_defanged_address_is_read_back(address: object, dot: str, around: str) -> None:
    found = read(around.format(str(address).replace(".", dot)))
    assert [(fact.kind, fact.value) for fact in found] == [("ipv4", str(address))]


@given(st.data())
def test_invisible_characters_change_no_fact(data: st.DataObject) -> None:
    """Zero-width characters anywhere: the same facts, and places whose slices hold them."""
    text = "Gilded Heron uses CVE-2026-1234, hxxps://pkg-mirror[.]top/i.sh and 45.9.148[.]7.\n\nIOCs\n\nbad-one.top"
    signs = list(text)
    for _ in range(data.draw(st.integers(1, 12))):
        signs.insert(
            data.draw(st.integers(0, len(signs))), data.draw(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad"))
        )
    hidden = "".join(signs)
    found = read(hidden)
    hold(hidden, "", found)
    assert [(one.kind, one.value, one.indicator) for one in found] == [
        (one.kind, one.value, one.indicator) for one in read(text)
    ]


@given(
    st.lists(
        st.sampled_from(
            [
                "A quiet day at the harbour, where nothing much happened at all today.",
                "The C2 is 45.9.148.99.",
                "Prices rose to 3.5 percent in the second quarter, said the bank.",
            ]
        ),
        max_size=3,
    )
)
def test_other_paragraphs_change_no_judgement(others: list[str]) -> None:
    text = "The clinic uses vela-clinic.org for mail; the fake site is vela-cl1nic.org."
    whole = {one.value: one.indicator for one in read("\n\n".join([*others, text, *others]))}
    alone = {one.value: one.indicator for one in read(text)}
    assert {value: whole[value] for value in alone} == alone == {"vela-clinic.org": False, "vela-cl1nic.org": True}


PIECES = ["a", "1", ".", "[.]", "://", "hxxp", "@", " ", "\n", "|", "com", "top", "[", "]", "(", "-", "_", "/", "?", "CVE-2026-", "deadbeef" * 4, "::", "SHA-256:", "\u200b", "é", "Maze", "IOCs\n", "1.2.3.4"]  # fmt: skip


def test_mutants_raise_nothing_and_their_places_hold() -> None:
    chance = random.Random(19)
    for _ in range(1500):
        text = "".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 60)))
        hold(text, "", read(text))


@pytest.mark.parametrize("piece", [".", "a", "0", "[.]", "a.a.", "a[.]a", "http://", "a.com/", "a[.]com/b", ":", "1:", "@", "a@", " [", "deadbeef", "sha256: ab\n", "CVE-2026-1000,", "-", "| a ", "1.2.", "\u200b", "then calls home to 91.219.236.12 again "])  # fmt: skip
def test_hostile_texts_take_linear_time(piece: str) -> None:
    """A quarter of a megabyte of one piece; four times as much takes no more than some eight times as long."""
    text = piece * (250_000 // len(piece))
    began = time.process_time()
    read(text)
    assert time.process_time() - began < 4


def test_an_operators_word_outweighs_all() -> None:
    assert exported("Defanged: evil[.]top and 45.9.148[.]7", good=("evil.top", "45.9.148.0/24")) == set()
    assert exported("Quiet: www.google.com and 8.8.8.8", bad=("www.google.com", "8.8.8.8")) == {
        "www.google.com",
        "8.8.8.8",
    }


def test_a_live_link_and_the_outlet_are_no_indicators() -> None:
    found = read("See evil[.]top and harborwire[.]net", links=("https://evil.top/x",))
    assert [(fact.value, fact.why) for fact in found] == [
        ("evil.top", "a link of the article leads there"),
        ("harborwire.net", "the outlet's own"),
    ]


def test_lists_match_as_their_type_says() -> None:
    assert exported("exact-name[.]com x.exact-name[.]com x.below-name[.]com a.my-address[.]net") == {"x.exact-name.com"}


def test_a_revoked_technique_names_its_heir() -> None:
    (fact,) = read("It ran T1086.")
    assert (fact.value, fact.name, fact.replaced_by) == ("T1086", "PowerShell", "T1059.001")


@settings(max_examples=300)
@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    assume("\ud800" not in text)
    hold(text, text, read(text, text))
