"""The guard: which URLs, hosts and addresses may be asked at all (A1 to A9)."""

from __future__ import annotations

import contextlib
import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rawserver import answer, routes

from aggregator.fetch.guard import AddressGuard, disguised, is_public
from aggregator.models import Request
from aggregator.models.errors import FetchError, Misled, Refused
from aggregator.text.urls import http_url

PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::",
    "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1",
    "ff0e::1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "9.255.255.255", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
          "223.255.255.254", "2001:200::1", "2606:4700::1111", "2a00:1450::1", "2620:fe::fe"]  # fmt: skip


@pytest.mark.parametrize("text", PRIVATE)
def test_a05_address_that_not_everybody_could_reach_is_not_public(text: str) -> None:
    """Private, translated, tunnelled, site-local and multicast addresses are refused by default."""
    assert not is_public(ipaddress.ip_address(text))
    assert not AddressGuard().permits("example.org", ipaddress.ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_address_may_be_reached(text: str) -> None:
    """Ordinary addresses right beside the special networks pass."""
    assert AddressGuard().permits("example.org", ipaddress.ip_address(text))


@given(st.ip_addresses(v=4))
def test_a05_no_ipv6_form_of_an_ipv4_address_is_public(inner: ipaddress.IPv4Address) -> None:
    """Whatever IPv4 address is hidden in a mapped, NAT64, 6to4, Teredo or compatible address, it is refused."""
    number = int(inner)
    for prefix, shift in (
        ("::", 0),
        ("::ffff:0:0", 0),
        ("64:ff9b::", 0),
        ("2002::", 80),
        ("2001::", 64),
        ("::ffff:0:0:0", 0),
    ):
        assert not is_public(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number << shift))


def test_allow_opens_what_it_names_and_nothing_else() -> None:
    """A network, an address and a host name each open themselves only."""
    guard = AddressGuard.allowing(("10.1.0.0/16", "192.168.7.7", "fd00:1::/32", "Intranet.Example"))
    permits = lambda text, host="x.example": guard.permits(host, ipaddress.ip_address(text))  # noqa: E731
    assert permits("10.1.2.3")
    assert permits("192.168.7.7")
    assert permits("fd00:1::5")
    assert permits("127.0.0.1", "intranet.example.")
    assert not permits("10.2.0.1")
    assert not permits("192.168.7.8")
    assert not permits("127.0.0.1")
    assert not permits("127.0.0.1", "sub.intranet.example")
    assert not permits("::ffff:10.1.2.3")


def test_allowing_nat64_does_not_open_what_is_behind_it() -> None:
    """On a network with NAT64 the operator opens its prefix; the address inside still has to be public."""
    guard = AddressGuard.allowing(("64:ff9b::/96",))
    assert guard.permits("x", ipaddress.ip_address("64:ff9b::808:808"))
    assert not guard.permits("x", ipaddress.ip_address("64:ff9b::7f00:1"))


NUMBERS = ["2130706433", "0x7f.1", "127.1", "0", "0x7f000001", "017700000001", "0177.0.0.1", "127.0.1", "00000127.0.0.1",
           "0x", "1.2.3.4.5", "256.0.0.1", "127.0.0.1.", "08.8.8.8", "foo.0x7f"]  # fmt: skip


@pytest.mark.parametrize("host", NUMBERS)
def test_a02_numbers_that_hide_an_address_are_refused(host: str, fetching) -> None:
    """Every spelling that a resolver would take for 127.0.0.1 is refused, even where loopback is allowed."""
    assert disguised(host)
    with pytest.raises(Refused):
        fetching().get(Request(f"http://{host}/"))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"]
)
def test_a01_private_address_in_a_url_is_refused_before_a_byte_is_sent(host: str, fetching) -> None:
    """A URL with a private address is refused, and says why."""
    with pytest.raises(Refused, match="not a public address") as refused:
        fetching(allow=()).get(Request(f"http://{host}/"))
    assert not isinstance(refused.value, Misled)


@pytest.mark.parametrize("robots", [True, False])
def test_a01_a_name_that_leads_to_a_private_address_is_told_apart(fetching, robots: bool) -> None:
    """Refused all the same; but it may be a fault of name resolution, so that it is tried again."""
    with pytest.raises(Misled, match="not a public address"):
        fetching(lambda host, port: ["10.0.0.1"], allow=()).get(Request("http://gate.example/", robots=robots))


def test_a01_nothing_arrives_at_a_private_server(serve, fetching) -> None:
    """The server on loopback is not even connected to."""
    server = serve(answer())
    with pytest.raises(Refused):
        fetching(allow=()).get(Request(server.url()))
    assert server.connections == 0


def test_a01_name_that_leads_to_a_private_address_is_refused(fetching) -> None:
    """The guard looks at where a name leads, not at the name."""
    fetcher = fetching(lambda host, port: ["169.254.169.254"], allow=())
    with pytest.raises(Refused, match=r"169\.254\.169\.254"):
        fetcher.get(Request("http://harmless.example/"))


def test_a03_redirect_from_an_allowed_to_a_private_address_is_refused_at_that_hop(serve, fetching) -> None:
    """The second hop is guarded as the first one was."""
    inner = serve(answer(), "127.0.0.9")
    outer = serve(answer(b"", "302 Found", f"Location: {inner.url('/secret')}"))
    with pytest.raises(Refused, match=r"127\.0\.0\.9"):
        fetching(allow=("127.0.0.1",)).get(Request(outer.url()))
    assert inner.connections == 0


def test_a04_the_checked_address_is_the_connected_address(serve, fetching) -> None:
    """A resolver that gives another answer the second time is not asked a second time."""
    inner = serve(answer(b"inner"), "127.0.0.9")
    outer = socket.create_server(("127.0.0.2", inner.port))
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2" if len(asked) == 1 else "127.0.0.9"]

    with outer, contextlib.suppress(FetchError):
        fetching(rebinding, allow=("127.0.0.2",), timeout_s=0.6).get(Request(f"http://rebind.example:{inner.port}/"))
    assert asked == ["rebind.example"]
    assert inner.connections == 0


def test_a04_private_address_among_public_ones_is_never_connected_to(serve, fetching) -> None:
    """Of several addresses only those that pass are tried, also when they fail."""
    inner = serve(answer(), "127.0.0.9")
    fetcher = fetching(lambda host, port: ["127.0.0.2", "127.0.0.9"], allow=("127.0.0.2",))
    with pytest.raises(FetchError, match="connection refused"):
        fetcher.get(Request(f"http://both.example:{inner.port}/"))
    assert inner.connections == 0


def test_second_address_is_tried_when_the_first_is_dead(serve, fetching) -> None:
    """A host with two addresses is reached over the one that works."""
    server = serve(answer(b"alive"), "127.0.0.3")
    response = fetching(lambda host, port: ["127.0.0.2", "127.0.0.3"]).get(
        Request(f"http://two.example:{server.port}/")
    )
    assert response.body == b"alive"
    assert response.hops[0].address == "127.0.0.3"


@pytest.mark.parametrize("url", [r"http://evil.example\@127.0.0.1:{port}/", "http://evil.example@127.0.0.1:{port}/",
                                 "http://127.0.0.1:{port}\\@evil.example/", "http:\\\\127.0.0.1:{port}/", "http://127.0.0.1:{port}#@evil.example/",
                                 "http://evil.example\t@127.0.0.1:{port}/"])  # fmt: skip
def test_a06_one_parser_decides_where_a_url_leads(url: str, serve, fetching) -> None:
    """However a URL is twisted, the host that the guard checks is the host that is connected to."""
    server = serve(answer())
    twisted = url.format(port=server.port)
    resolved: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.9"]

    with contextlib.suppress(FetchError):
        fetching(resolver, allow=()).get(Request(twisted))
    assert server.connections == 0
    host = (http_url(twisted) or "").split("/")[2].rpartition("@")[2].partition(":")[0]
    assert resolved == ([] if host == "127.0.0.1" else [host])


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/html,hi", "gopher://x/", "javascript:alert(1)",
                                    "http://", "//", "http://[::1"])  # fmt: skip
def test_a07_redirect_to_anything_but_http_is_refused(target: str, serve, fetching) -> None:
    """A redirect leads to http or https, or nowhere."""
    server = serve(answer(b"", "302 Found", f"Location: {target}"))
    with pytest.raises(FetchError):
        fetching(lambda host, port: []).get(Request(server.url("/start")))
    assert len(server.asked) <= 1


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.org/", "data:,x", "", "feed", "http://a b/", "http://exa\x00mple:99999/"],
)
def test_a07_only_http_urls_are_fetched(url: str, fetching) -> None:
    """What is no http(s) URL is refused without looking anything up."""
    with pytest.raises(Refused):
        fetching(lambda host, port: pytest.fail("looked up")).get(Request(url))


def test_a08_robots_txt_goes_through_the_same_guard(serve, fetching) -> None:
    """robots.txt that redirects to a private address is not fetched from there, and the page is not fetched either."""
    inner = serve(answer(), "127.0.0.9")
    outer = serve(routes(robots_txt=answer(b"", "301 Moved", f"Location: {inner.url('/robots.txt')}"), page=answer()))
    with pytest.raises(Refused, match=r"robots\.txt"):
        fetching(allow=("127.0.0.1",)).get(Request(outer.url("/page"), robots=True))
    assert inner.connections == 0
    assert outer.paths == ["/robots.txt"]


def test_a09_proxies_netrc_and_bundles_of_the_environment_are_ignored(serve, fetching, monkeypatch, tmp_path) -> None:
    """Neither a proxy nor a netrc entry of the environment has a say."""
    server, proxy = serve(answer()), serve(answer(b"proxied"), "127.0.0.5")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url())
    monkeypatch.setenv("NETRC", str(netrc))
    assert fetching().get(Request(server.url())).body == b"hello"
    assert proxy.connections == 0
    assert "authorization" not in server.asked[0].headers


def test_port_of_another_service_is_refused(fetching) -> None:
    """An HTTP request is not sent to a mail server, unless its host is allowed by name."""
    with pytest.raises(Refused, match="port 25"):
        fetching().get(Request("http://127.0.0.1:25/"))
    assert AddressGuard.allowing(("mail.example",)).url("http://mail.example:25/")


def test_ipv6_literal_works(serve, fetching) -> None:
    """An IPv6 address in brackets is connected to as it stands."""
    try:
        server = serve(answer(), "::1")
    except OSError:
        pytest.skip("no IPv6 here")
    assert fetching().get(Request(server.url())).hops[0].address == "::1"
