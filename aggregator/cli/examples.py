"""Examples of every command, shown at the end of its help and in docs/commands.md; a test parses each of them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "init": (
        "init",
        "init news --title 'Team news' --follow https://krebsonsecurity.com --base-url https://news.example",
    ),
    "add": (
        "add https://www.schneier.com",
        "add https://github.com/psf/requests --name 'requests, releases' --tag tools",
    ),
    "opml import": ("opml import subscriptions.opml",),
    "check": ("check", "check --schema > feeds.schema.json"),
    "demo": ("demo", "demo --folder my-demo --serve"),
    "run": ("run", "--config /etc/aggregator/feeds.yaml --data /var/lib/aggregator run"),
    "poll": ("poll", "poll --force", "poll --feed 'Krebs on Security'"),
    "serve": ("serve",),
    "db emit": ("db emit",),
    "notify": ("notify", "notify --test"),
    "status": ("status", "status --json | jq -r '.[] | select(.failures > 0) | .name'"),
    "tail": ("tail", "tail -n 50", "tail --json | jq -r .title"),
    "search": (
        "search ransomware",
        "search '\"CVE-2026-1234\" OR log4j' --limit 5",
        "search 'citrix NOT webinar' --json",
    ),
    "diff": ("diff 1234", "diff https://example.org/2026/03/advisory --revision 1"),
    "doctor": ("doctor 'Krebs on Security'", "doctor https://example.org/feed"),
    "parse": ("parse https://example.org/feed", "parse saved.xml --url https://example.org/feed"),
    "extract": ("extract https://example.org/2026/03/post", "extract --batch pages.jsonl > articles.jsonl"),
    "facts": (
        "facts report.txt",
        "facts 4711 --json",
        "facts --batch articles.jsonl --as stix > bundles.jsonl",
    ),
    "data update": ("data update", "data update kev epss", "data update --from files"),
    "data status": ("data status", "data status --json"),
    "watch try": ("watch try perimeter", "watch try perimeter --json"),
    "output try": ("output try ransomware", "output try ransomware --limit 50 --json", "output try combined"),
    "output list": ("output list", "output list --json"),
    "rules": ("rules", "rules test", "rules test example.org"),
    "story why": ("story why 1234 1240", "story why https://a.example/post https://b.example/post --json"),
    "story merge": ("story merge 1234 1240",),
    "story split": ("story split 1240",),
    "stories": ("stories articles.jsonl > stories.jsonl",),
    "remove": ("remove 'Krebs on Security'",),
    "withdraw": ("withdraw 1234 --reason 'retracted by its outlet'", "withdraw --undo 1234"),
    "opml export": ("opml export > feeds.opml",),
    "db backup": ("db backup copy.db",),
    "db restore": ("db restore copy.db",),
    "db upkeep": ("db upkeep",),
    "db vacuum": ("db vacuum",),
    "db verify": ("db verify", "db verify --mend"),
}


def epilog(name: str) -> str | None:
    """The examples of a command as the end of its help; None: it has none."""
    if name not in EXAMPLES:
        return None
    lines = (f"  aggregator {example}" for example in EXAMPLES[name])
    return "\n".join(("Examples:", *lines))
