"""Where on a page its article begins and ends, and what is set into it.

A model of boosted trees (`trees.json`, learned by `bench/extraction.py --learn`) gives each block a chance to belong to
the article. These chances settle where the article is. In its middle nothing is judged: what stands there stays, in
order, unless something about it is known from furniture (an advertisement, a share bar, a newsletter box, links to
other posts). Structures (see tables) stay or go as wholes. Behind the last paragraph, and above the first, structures
that stand in the same element belong to the article, too: most listings and lists of indicators end one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from aggregator.scrape.blocks import Block
from aggregator.scrape.content.areas import PageAreas, page_areas
from aggregator.scrape.content.features import evidence
from aggregator.scrape.content.furniture import (
    CLOSING,
    CONTENTS,
    CONTENTS_NAME,
    CONTENTS_TITLE,
    COPYRIGHT,
    FOOTER,
    FURNITURE,
    KNOWN,
    KNOWN_WORDS,
    LEGAL,
    NEVER,
    OTHERS,
    SOURCES,
    STRONG,
    asks_to_subscribe,
    is_colophon,
    is_life,
    signups,
)
from aggregator.scrape.content.surroundings import Evidence
from aggregator.scrape.content.tables import (
    Structure,
    StructureKind,
    is_contents,
    is_title,
    leads_out,
    leads_to_file,
    lists_indicators,
    structures,
)
from aggregator.scrape.content.tidy import PARAGRAPH, drop_byline, drop_copies, drop_empty_headings, is_sentence
from aggregator.scrape.content.trees import Trees, trees

KEEP = 0.5
"""Chance from which a block is kept wherever it stands."""

KEEP_AMID = 0.1
"""Chance from which a block in the middle is kept, when nothing about it is known from furniture."""

KEEP_BESIDE = 0.25
"""The same for what stands in the article's element before its beginning or behind its end."""

LEAD = 12
"""Blocks above the article's first paragraph in which its standfirst is looked for."""

WEIGHT = 40
"""Words up to which a block counts when the beginning and the end are sought."""

TEMPLATE = 0.3
"""Share of a page's prose in elements made like a paragraph's from which it is a paragraph like the others."""

OFTEN = 0.3
"""Three times and more, as evidence: a notice under each embedded post."""

SURE = 0.75
"""Chance up to which a closing line that reads as furniture is left out."""

WAY_BACK = 2
"""Words of a link behind an article that leads on from it."""

BY = frozenset({"is_by"})

HOME = 0.6
"""Share of the kept words that the article's element holds."""

_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_PLACEHOLDER = "Lorem ipsum"


@dataclass(frozen=True, slots=True)
class ArticleContext:
    """What is claimed of an article: its `title`, the text that the page or the feed states (`stated`), the page's
    description of it (`described`), and the page's `url`.
    """

    title: str
    stated: str = ""
    described: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class BlockVerdict:
    """For each block of a page, how likely it belongs to the article (0 to 1), and whether it is kept.

    `home` is the article's element, `wholes` the structures of which some text is kept.
    """

    blocks: list[Block]
    chances: list[float]
    kept: list[bool]
    home: HtmlElement | None = None
    wholes: list[Structure] = field(default_factory=list)

    def expected_f1(self, kept: Sequence[bool]) -> float:
        """The F1 that keeping `kept` would get if the chances are right, counted in words. Structures that are kept
        whatever their chance say nothing of it.
        """
        ruled = {part for whole in self.wholes for part in whole.parts if self.kept[part] and self.chances[part] < KEEP}
        hits = chosen = wanted = 0.0
        for index, (block, chance, keep) in enumerate(zip(self.blocks, self.chances, kept, strict=True)):
            if index in ruled:
                continue
            if keep:
                hits += block.words * chance
                chosen += block.words
            if block.words > 3:
                wanted += block.words * chance
        return 2 * hits / (chosen + wanted) if chosen else 0.0

    @property
    def words(self) -> int:
        return sum(block.words for block, keep in zip(self.blocks, self.kept, strict=True) if keep)


def judge(blocks: list[Block], claims: ArticleContext, model: Trees | None = None) -> BlockVerdict:
    """Which of `blocks` are the article of which `claims` are made. `model`: another model than the program's own."""
    host = urlsplit(claims.url).hostname or ""
    page = page_areas(blocks, host)
    found = evidence(page, claims.title, claims.stated, claims.described)
    chances = (model or trees()).chances(found)
    return _Judge(page, found, chances, claims.title, host).verdict()


def is_placeholder(block: Block) -> bool:
    """Whether a theme's demonstration text stands here, whatever its place says."""
    return block.text.startswith(_PLACEHOLDER)


class _Judge:
    """One page, while it is decided on."""

    def __init__(self, page: PageAreas, found: list[Evidence], chances: list[float], title: str, host: str) -> None:
        self.blocks = page.blocks
        self.page = page
        self.found = found
        self.chances = chances
        self.title = title
        self.host = host
        self.kept = [
            chance >= KEEP and not is_placeholder(block) for block, chance in zip(self.blocks, chances, strict=True)
        ]
        self.wholes = structures(self.blocks, page.prose)
        self.whole_of = {part: whole for whole in self.wholes for part in whole.parts}
        self.means = {whole.element: self._mean(whole) for whole in self.wholes}
        self.linked_home = {
            whole.element: not page.menus[whole.parts[0]] and self._is_linked_home(whole) for whole in self.wholes
        }

    def verdict(self) -> BlockVerdict:
        for whole in self.wholes:
            keep = self.means[whole.element] >= (SURE if self.linked_home[whole.element] else KEEP)
            for part in whole.parts:
                self.kept[part] = keep
        home = None
        if any(self.kept):
            start, end = self._span()
            home = self._home()
            self._fill(start, end)
            self._extend(home, start, end)
        self._bar()
        self._no_closing_notes()
        drop_copies(self.blocks, self.kept)
        drop_empty_headings(self.blocks, self.kept, self.chances)
        drop_byline(self.blocks, self.kept, self.title)
        return BlockVerdict(self.blocks, self.chances, self.kept, home, self.wholes)

    def _bar(self) -> None:
        """Drop what is known from furniture, whatever the model thinks of it."""
        headline = next((index for index in range(len(self.blocks)) if self._is_headline(index)), 0)
        boxes = signups(self.blocks[0].element.getroottree().getroot()) if self.blocks else []
        inside = {node for box in boxes for node in box.iter()}
        barred: set[int] = set()
        for whole in self.wholes:
            if self.linked_home[whole.element] and any(self._has(part, OTHERS) for part in whole.parts):
                barred.update(whole.parts)
            if whole.kind in (StructureKind.LIST, StructureKind.DETAILS) and is_contents(whole.element):
                barred.update(whole.parts, self._titles_of_contents(whole))
        for index, block in enumerate(self.blocks):
            if self.kept[index] and (
                index in barred
                or block.element in inside
                or self._is_known(index)
                or is_colophon(block)
                or (index < headline and self._is_menu(index))
            ):
                self.kept[index] = False

    def _is_known(self, index: int) -> bool:
        item, chance = self.found[index], self.chances[index]
        whole = self.whole_of.get(index)
        if self._has(index, NEVER):
            return True
        if "in_footer" in item and chance < FOOTER and (whole is None or whole.kind is not StructureKind.QUOTE):
            return True
        if ("card" in item and chance < SURE) or (item.get("often", 0.0) > OFTEN and self._has(index, STRONG)):
            return True
        return self.blocks[index].words <= KNOWN_WORDS and any(
            not names.isdisjoint(item) and not says.isdisjoint(item) for names, says in KNOWN
        )

    def _is_menu(self, index: int) -> bool:
        """Whether a line above the headline is nothing but links to the site's own pages."""
        block = self.blocks[index]
        return block.links > 0 and block.link_words == block.words and not leads_out(block.element, self.host)

    def _titles_of_contents(self, whole: Structure) -> list[int]:
        """The title of a table of contents: the page's own headings stand below it once more."""
        box = whole.element.getparent()
        titles: list[int] = []
        for index in range(whole.parts[0] - 1, max(-1, whole.parts[0] - 3), -1):
            block = self.blocks[index]
            named = box is not None and _is_in(block.element, box) and self._has(index, CONTENTS_NAME)
            if block.words > CONTENTS_TITLE or not (named or CONTENTS.match(block.text)):
                break
            titles.append(index)
        return titles

    def _no_closing_notes(self) -> None:
        """Drop the author's life and the licence where they end the article."""
        for index in range(len(self.blocks) - 1, -1, -1):
            if not self.kept[index]:
                continue
            block = self.blocks[index]
            least = KEEP_BESIDE if self._is_paragraph(index) else SURE
            doubted = self.chances[index] < least and self._has(index, CLOSING)
            noted = (
                self._is_way_back(block)
                or doubted
                or self._is_license(index)
                or is_life(block)
                or asks_to_subscribe(block)
            )
            if index in self.whole_of or not noted:
                return
            self.kept[index] = False

    def _is_way_back(self, block: Block) -> bool:
        """Whether a last line is nothing but a link of a word or two to a page of the site: "back", "All posts"."""
        linked = block.link_words == block.words <= WAY_BACK and block.element.tag not in ("li", "td", "pre")
        own = not leads_out(block.element, self.host) and not leads_to_file(block.element)
        return linked and own and not block.images

    def _is_license(self, index: int) -> bool:
        return self._has(index, LEGAL) and (self.blocks[index].words < WEIGHT or self._has(index, COPYRIGHT))

    def _mean(self, whole: Structure) -> float:
        words = sum(min(self.blocks[part].words, 20) for part in whole.parts)
        return sum(self.chances[part] * min(self.blocks[part].words, 20) for part in whole.parts) / words

    def _span(self) -> tuple[int, int]:
        """The first block of the article and the one behind its last: the densest run of what is likely."""
        best, span, sum_, start = 0.0, (0, 0), 0.0, 0
        for index, (block, chance) in enumerate(zip(self.blocks, self.chances, strict=True)):
            if sum_ <= 0:
                sum_, start = 0.0, index
            whole = self.whole_of.get(index)
            doubted = whole is not None and not self.kept[index] and self.linked_home[whole.element]
            if whole is not None and (whole.kind is StructureKind.LISTING or not (self.kept[index] or doubted)):
                continue  # Listings, and links to other sites: an article may have many, and goes on behind them.
            sum_ += ((min(chance, KEEP_BESIDE) if doubted else chance) - KEEP) * min(block.words, WEIGHT)
            if sum_ > best:
                best, span = sum_, (start, index + 1)
        if best == 0.0:
            first = self.kept.index(True)
            return first, len(self.kept) - self.kept[::-1].index(True)
        return span

    def _home(self) -> HtmlElement | None:
        """The article's element: the smallest with most of the kept words."""
        weights: dict[HtmlElement, int] = {}
        total = 0
        for block, keep in zip(self.blocks, self.kept, strict=True):
            if keep:
                total += block.words
                for node in (block.element, *block.element.iterancestors()):
                    weights[node] = weights.get(node, 0) + block.words
        homes = [node for node, words in weights.items() if words >= HOME * total]
        best = max(homes, key=lambda node: sum(1 for _ in node.iterancestors()), default=None)
        while best is not None and best.tag not in ("div", "article", "main", "section", "body", "td"):
            best = best.getparent()
        return best

    def _fill(self, start: int, end: int) -> None:
        """Keep what stands between `start` and `end`, except for furniture."""
        done: set[int] = set()
        for index in range(start, end):
            if self.kept[index] or index in done or is_placeholder(self.blocks[index]):
                continue
            whole = self.whole_of.get(index)
            if whole is None:
                self.kept[index] = self._belongs(index, KEEP_AMID)
            else:
                done.update(whole.parts)
                if not self._is_furniture(whole):
                    for part in whole.parts:
                        self.kept[part] = True

    def _extend(self, home: HtmlElement | None, start: int, end: int) -> None:
        """Go on from both ends through what stands in the article's element."""
        inside = [home is not None and _is_in(block.element, home) for block in self.blocks]
        index = end
        silent: HtmlElement | None = None
        while index < len(self.blocks):
            index, silent = self._go_on(index, inside, silent, home)
        first = max((order for order in range(start) if self._is_headline(order)), default=-1)
        waiting = start - 1
        while waiting > first:
            if self._heads(waiting):
                self.kept[waiting] = True
                waiting -= 1
                continue
            if not inside[waiting]:
                self.kept[waiting] = self.kept[waiting] or (start - waiting <= LEAD and self._is_standfirst(waiting))
                waiting -= 1
                continue
            whole = self.whole_of.get(waiting)
            if whole is not None:
                listed = (
                    whole.kind is not StructureKind.LIST
                    or not whole.is_linked
                    or lists_indicators(whole.element, alone=True)
                )
                keep = listed and not self._is_furniture(whole) and not self.linked_home[whole.element]
                for part in whole.parts:
                    self.kept[part] = self.kept[part] or keep
                waiting = min(waiting, whole.parts[0]) - 1
            else:
                self.kept[waiting] = self.kept[waiting] or self._belongs(waiting, KEEP_BESIDE)
                waiting -= 1
        self._keep_titles()

    def _heads(self, index: int) -> bool:
        """Whether a heading stands right above what is kept, in the same element, and is none of something else."""
        block = self.blocks[index]
        if block.element.tag not in _HEADINGS or not self.kept[index + 1] or self._is_headline(index):
            return False
        parent, below = block.element.getparent(), self.blocks[index + 1].element
        return parent is not None and _is_in(below, parent) and not self._has(index, STRONG)

    def _is_standfirst(self, index: int) -> bool:
        """Whether a sentence between the headline and the article is what the page gives as its description."""
        item = self.found[index]
        return (
            "described" in item and "ends" in item and self.chances[index] >= KEEP_AMID and not self._has(index, STRONG)
        )

    def _go_on(
        self, index: int, inside: list[bool], silent: HtmlElement | None, home: HtmlElement | None
    ) -> tuple[int, HtmlElement | None]:
        """Decide on the block or structure at `index`, behind the end; the next place, and the element in which we
        stand under the heading of something else.
        """
        block = self.blocks[index]
        whole = self.whole_of.get(index)
        following = index + 1 if whole is None else max(whole.parts[-1], index) + 1
        if not inside[index]:
            return following, silent
        if silent is not None and silent is not home and not _is_in(block.element, silent):
            silent = None
        if block.element.tag in _HEADINGS and whole is None:
            if not self.kept[index]:
                ours = SOURCES.search(block.text) is not None or not self._has(index, FURNITURE)
                silent = None if ours else block.element.getparent()
            return following, silent
        if silent is not None:
            return following, silent
        if whole is None:
            self.kept[index] = self.kept[index] or self._belongs(index, KEEP_BESIDE)
        elif not self._is_furniture(whole) and not self.linked_home[whole.element]:
            for part in whole.parts:
                self.kept[part] = True
        return following, silent

    def _keep_titles(self) -> None:
        """Keep the headings right before structures that are kept, and before paragraphs."""
        for index in range(len(self.blocks) - 2, -1, -1):
            if self.kept[index] or not self._heads(index):
                continue
            if SOURCES.search(self.blocks[index].text) or not self._has(index, FURNITURE):
                self.kept[index] = True
        for whole in self.wholes:
            if not self.kept[whole.parts[0]]:
                continue
            for index in range(whole.parts[0] - 1, -1, -1):
                if not is_title(self.blocks[index]) or self._is_headline(index) or self._has(index, STRONG):
                    break
                self.kept[index] = True

    def _is_headline(self, index: int) -> bool:
        block = self.blocks[index]
        return block.element.tag == "h1" or block.text.casefold().split() == self.title.casefold().split()

    def _belongs(self, index: int, least: float) -> bool:
        """Whether a block that the model doubts is kept between others."""
        block, chance = self.blocks[index], self.chances[index]
        if is_placeholder(block):
            return False
        before = self.blocks[index - 1] if index else None
        if 2 * block.link_words > block.words:
            announced = before is not None and self.kept[index - 1] and before.text.endswith((":", "："))
            out = leads_out(block.element, self.host) and block.element.tag in ("p", "div") and chance >= KEEP_AMID / 2
            file = leads_to_file(block.element)
            sentence = block.link_words < block.words and "ends" in self.found[index] and chance >= KEEP_BESIDE
            return (announced or sentence or out or file) and not self._has(index, STRONG)
        if self._is_paragraph(index) and not self._has(index, STRONG) and "card" not in self.found[index]:
            return chance >= least / 2
        return chance >= least and not self._is_marked(index) and self.found[index].get("cards", 0.0) < 0.3

    def _is_paragraph(self, index: int) -> bool:
        """Whether a block is a paragraph like most of the page's prose, by its element."""
        block = self.blocks[index]
        alike = self.found[index].get("kind_prose", 0.0) >= TEMPLATE
        return alike and block.words >= PARAGRAPH and not block.link_words

    def _is_marked(self, index: int) -> bool:
        """Whether something about a block is known from furniture; a sentence that begins with "By" is no byline."""
        marks = FURNITURE.intersection(self.found[index])
        return bool(marks - BY if is_sentence(self.blocks[index].text) else marks)

    def _has(self, index: int, names: frozenset[str]) -> bool:
        return not names.isdisjoint(self.found[index])

    def _is_furniture(self, whole: Structure) -> bool:
        """Whether a structure that the model doubts is known from furniture."""
        mean = self.means[whole.element]
        if mean >= KEEP or lists_indicators(whole.element, alone=whole.is_linked):
            return False
        marked = sum(1 for part in whole.parts if self._has(part, STRONG))
        if whole.kind in (StructureKind.LISTING, StructureKind.TERMS, StructureKind.DETAILS, StructureKind.TABLE):
            return 2 * marked > len(whole.parts) and mean < KEEP_BESIDE
        return 2 * marked > len(whole.parts) or (
            whole.is_linked and mean < KEEP_AMID and self.linked_home[whole.element]
        )

    def _is_linked_home(self, whole: Structure) -> bool:
        """Whether a structure is links to the site's own pages: other posts, categories, a menu most often."""
        if not whole.is_linked:
            return False
        if lists_indicators(whole.element, alone=True):
            return False
        first = whole.parts[0]
        titled = (
            first > 0
            and self.blocks[first - 1].element.tag in _HEADINGS
            and SOURCES.search(self.blocks[first - 1].text)
        )
        return not titled and not leads_out(whole.element, self.host)


def _is_in(node: HtmlElement, home: HtmlElement) -> bool:
    return node is home or any(ancestor is home for ancestor in node.iterancestors())
