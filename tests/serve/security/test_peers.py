"""Where a request comes from, through proxies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import ConfigError
from serve.security.peers import Peer, neighbourhood, networks, peer_of

PROXY = "10.0.0.2"
TRUSTED = networks(["10.0.0.0/8", "::1"])


def request(client: str = PROXY, *, scheme: str = "http", version: str = "1.1", **headers: str) -> dict[str, Any]:
    """An ASGI request."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"client": (client, 1), "scheme": scheme, "http_version": version, "headers": raw}


def test_without_trusted_proxies_the_address_is_that_of_the_connection() -> None:
    peer = peer_of(request("203.0.113.7", x_forwarded_for="192.0.2.1", x_forwarded_proto="https"), ())
    assert (peer.address, peer.scheme) == ("203.0.113.7", "http")


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])))
def test_nobody_chooses_their_address_themselves(said: str) -> None:
    scope = {"client": ("203.0.113.7", 1), "headers": [(b"x-forwarded-for", said.encode("latin-1"))]}
    assert peer_of(scope, TRUSTED).address == "203.0.113.7"


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])))
def test_what_stands_before_the_address_that_a_trusted_proxy_saw_counts_for_nothing(said: str) -> None:
    forwarded = f"{said}, 203.0.113.7, 10.1.1.1".encode("latin-1")
    assert peer_of({"client": (PROXY, 1), "headers": [(b"x-forwarded-for", forwarded)]}, TRUSTED).address == (
        "203.0.113.7"
    )


def test_a_header_that_comes_twice_is_read_as_one() -> None:
    scope = request()
    scope["headers"] = [(b"X-Forwarded-For", b"192.0.2.1"), (b"x-forwarded-for", b"203.0.113.7")]
    assert peer_of(scope, TRUSTED).address == "203.0.113.7"


@pytest.mark.parametrize("forwarded", ["", "unknown", "203.0.113.7:1234, nonsense", "_hidden"])
def test_a_proxy_that_says_nothing_usable_is_the_address_itself(forwarded: str) -> None:
    assert peer_of(request(x_forwarded_for=forwarded), TRUSTED).address == PROXY


def test_a_trusted_proxy_says_whether_the_browser_came_over_tls() -> None:
    assert peer_of(request(x_forwarded_proto="https"), TRUSTED).scheme == "https"
    assert peer_of(request(x_forwarded_proto="javascript"), TRUSTED).scheme == "http"
    assert peer_of(request("203.0.113.7", scheme="https"), TRUSTED).scheme == "https"


def test_only_somebody_at_this_machine_who_asks_for_it_by_name_is_on_this_machine() -> None:
    def here(client: str = "127.0.0.1", host: str = "localhost:8080", **more: str) -> bool:
        version = more.pop("version", "1.1")
        return peer_of(request(client, version=version, host=host, **more), ()).on_this_machine

    assert here()
    assert here("::1", "[::1]:8080")
    assert here("::ffff:127.0.0.1", "127.0.0.1")
    assert not here("203.0.113.7")
    assert not here(host="attacker.example")
    assert not here(host="localhost.attacker.example")
    assert not here(host="")
    assert not here(x_forwarded_for="203.0.113.7")
    assert not here(forwarded="for=203.0.113.7")
    assert not here(via="1.1 proxy")
    assert not here(x_forwarded_proto="https")
    assert not here(x_forwarded_host="help.example.com")
    assert not here(X_Forwarded_Port="443")
    assert not here(cf_connecting_ip="203.0.113.7")
    assert not here(x_envoy_external_address="203.0.113.7")
    assert not here(version="1.0")


def test_a_connection_without_an_address_is_not_on_this_machine() -> None:
    assert not peer_of({"client": None, "headers": [(b"host", b"localhost")]}, TRUSTED).on_this_machine


def test_a_host_that_is_none_has_no_name() -> None:
    assert Peer("", "http", "[::1", True).hostname == ""
    assert Peer("", "http", "Localhost.:80", True).hostname == "localhost"


def test_a_network_counts_as_one_address_where_a_subscriber_has_all_of_it() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff:1") == "2001:db8::/64"
    assert neighbourhood("2001:db8:0:1::1") != neighbourhood("2001:db8::1")
    assert neighbourhood("::ffff:192.0.2.1") == "192.0.2.1"
    assert neighbourhood("") == ""


def test_what_is_no_network_is_told() -> None:
    with pytest.raises(ConfigError, match=r"server\.trusted_proxies: 'nginx' is no address"):
        networks(["nginx"])
