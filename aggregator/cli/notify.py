"""`aggregator notify`: how the notifications of feeds.yaml do, and a message to try them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from aggregator.cli import completion
from aggregator.cli.app import Here, Json, app, complain, here, iso, print_json, print_table, say
from aggregator.models.errors import ConfigError, StageError

if TYPE_CHECKING:
    from aggregator.config.settings import Notification
    from aggregator.store.notifications import RuleState


@app.command()
def notify(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", autocompletion=completion.notifications, help="One notification; default: all."
        ),
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Send a message to every place now.")] = False,
    as_json: Json = False,
) -> None:
    """List notifications: sent, waiting, failed. Use `--test` to send a test message."""
    place = here(context)
    rules = _rules(place, name)
    if test:
        _try(rules)
        return
    states = _states(place)
    rows = [_row(rule, states.get(rule.name)) for rule in rules]
    if as_json:
        print_json(rows)
        return
    if not rows:
        say(f"{place.config_path} has no notifications; docs/operating.md shows how to add one")
        return
    shown = [tuple(row.values()) for row in rows]
    print_table("Notifications", ("name", "places", "sent", "waiting", "given up", "last sent", "last error"), shown)


def _rules(place: Here, name: str | None) -> tuple[Notification, ...]:
    rules = place.config.notifications
    if name is None:
        return rules
    found = tuple(rule for rule in rules if rule.name == name)
    if not found:
        known = ", ".join(rule.name for rule in rules) or "none at all"
        raise ConfigError((f"{place.config_path}: no notification is called `{name}`; it has {known}",))
    return found


def _states(place: Here) -> dict[str, RuleState]:
    from aggregator.store import Store

    if not place.database.exists():
        return {}
    with Store.read(place.database) as store:
        return {state.name: state for state in store.notices.states()}


def _row(rule: Notification, state: RuleState | None) -> dict[str, Any]:
    return {
        "name": rule.name,
        "places": len(rule.to),
        "sent": state.sent if state else 0,
        "waiting": state.waiting if state else 0,
        "given_up": state.given_up if state else 0,
        "last_sent": iso(state.last_sent) if state else None,
        "last_error": state.last_error if state else None,
    }


def _try(rules: tuple[Notification, ...]) -> None:
    """A message to every place; exit code 1 when one did not take it."""
    from aggregator.pipeline.notify import SEND_TIMEOUT_S, deliver
    from aggregator.pipeline.workers import Workers

    if not rules:
        say("There are no notifications to try.")
        raise typer.Exit(1)
    failed = 0
    with Workers(processes=1) as workers:
        for rule in rules:
            for number, target in enumerate(rule.to, 1):
                kind = target.partition("://")[0]
                body = (
                    f"A test of the notification {rule.name!r}. Posts that meet its conditions are told of like this."
                )
                try:
                    workers.call(
                        deliver, target, f"[{rule.name}] test", body, timeout_s=SEND_TIMEOUT_S, wall_s=SEND_TIMEOUT_S
                    )
                except StageError as error:
                    failed += 1
                    complain(f"{rule.name}, place {number} ({kind}): {error.message}")
                else:
                    say(f"{rule.name}, place {number} ({kind}): sent")
    if failed:
        raise typer.Exit(1)
