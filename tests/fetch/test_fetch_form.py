"""Forms that are posted: guarded, capped and spaced as every request is, and never carried elsewhere."""

from __future__ import annotations

import pytest
from support.rawserver import answer, late, routes

from aggregator.models import Request
from aggregator.models.errors import FetchError, Refused

FIELDS = (("hub.mode", "publish"), ("hub.url", "https://a.example/?x=1&y=ü"), ("hub.url", "https://b.example/"))
SENT = b"hub.mode=publish&hub.url=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D%C3%BC&hub.url=https%3A%2F%2Fb.example%2F"


@pytest.mark.parametrize("status", ["200 OK", "202 Accepted", "204 No Content"])
def test_form_is_posted_and_any_success_is_an_answer(status: str, serve, fetching) -> None:
    """Fields that come twice stay two."""
    server = serve(answer(b"", status, length=not status.startswith("204")))
    response = fetching().get(Request(server.url("/hub"), form=FIELDS))
    asked = server.asked[0]
    assert response.status == int(status[:3])
    assert asked.line == "POST /hub HTTP/1.1"
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.headers["content-length"] == str(len(SENT))
    assert asked.raw.endswith(SENT)


@pytest.mark.parametrize("status", ["400 Bad Request", "500 Oops", "429 Slow down"])
def test_other_statuses_are_errors(status: str, serve, fetching) -> None:
    """A hub that refuses has not heard us."""
    with pytest.raises(FetchError) as caught:
        fetching().get(Request(serve(answer(b"no", status)).url(), form=FIELDS))
    assert caught.value.status == int(status[:3])


def test_success_other_than_200_is_still_an_error_for_what_is_fetched(serve, fetching) -> None:
    """A feed that answers 202 has no document."""
    with pytest.raises(FetchError):
        fetching().get(Request(serve(answer(b"later", "202 Accepted")).url()))


def test_form_follows_a_redirect_of_its_own_origin_that_keeps_the_method(serve, fetching) -> None:
    """307 and 308 alone: 301 to 303 would make it a GET."""
    server = serve(
        routes(
            old=answer(b"", "308 Permanent Redirect", "Location: /new"),
            seen=answer(b"", "303 See Other", "Location: /new"),
            new=answer(b"", "202 Accepted"),
        )
    )
    fetching().get(Request(server.url("/old"), form=FIELDS))
    assert [asked.line.split()[0] for asked in server.asked] == ["POST", "POST"]
    assert server.asked[1].raw.endswith(SENT)
    with pytest.raises(Refused):
        fetching().get(Request(server.url("/seen"), form=FIELDS))


def test_a36_form_does_not_go_to_another_host(serve, fetching) -> None:
    """A form may hold a secret; who redirects it elsewhere gets nothing sent there."""
    other = serve(answer(b"", "202 Accepted"))
    server = serve(late(lambda _: answer(b"", "307 Temporary Redirect", f"Location: {other.url()}")))
    with pytest.raises(Refused):
        fetching().get(Request(server.url("/hub?token=s3cretvalue"), form=FIELDS))
    assert not other.asked


def test_a01_form_to_a_private_address_is_refused(fetching, serve) -> None:
    """Hubs are named by strangers."""
    server = serve(answer())
    with pytest.raises(Refused):
        fetching(allow=()).get(Request(server.url(), form=FIELDS))
    assert not server.asked
