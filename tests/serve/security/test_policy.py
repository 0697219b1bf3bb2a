"""Names that are ours, pages that are ours, and where the service may listen."""

from __future__ import annotations

import pytest

from knowledge.errors import UsageError
from serve.security.peers import Peer
from serve.security.policy import EdgePolicy, check_exposure, is_browser
from serve.security.refusals import WrongHost

LOCAL = EdgePolicy()
PUBLIC = EdgePolicy(loopback=False, hosts=frozenset({"support.example"}), origins=frozenset({"https://www.example"}))


def peer(host: str, scheme: str = "http") -> Peer:
    """Somebody who asks for `host`."""
    return Peer("203.0.113.7", scheme, host, True)


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "127.8.8.8"])
def test_this_machine_is_always_ours(host: str) -> None:
    LOCAL.check_host(peer(host))
    PUBLIC.check_host(peer(host))


@pytest.mark.parametrize("host", ["support.example", "support.example:8443", "203.0.113.9", "[2001:db8::1]:80"])
def test_names_that_were_allowed_and_addresses_are_ours_where_the_service_is_reached(host: str) -> None:
    PUBLIC.check_host(peer(host))


@pytest.mark.parametrize("host", ["attacker.example", "support.example.attacker.example", "", "a b", "[::1", "@@"])
@pytest.mark.parametrize("policy", [LOCAL, PUBLIC])
def test_any_other_name_is_refused(policy: EdgePolicy, host: str) -> None:
    with pytest.raises(WrongHost, match=r"server\.allowed_hosts"):
        policy.check_host(peer(host))


def test_on_loopback_an_address_of_the_network_is_not_ours() -> None:
    with pytest.raises(WrongHost):
        LOCAL.check_host(peer("192.0.2.1"))


@pytest.mark.parametrize(
    ("headers", "elsewhere"),
    [
        ({"origin": "http://support.example"}, False),
        ({"origin": "https://support.example"}, False),
        ({"origin": "https://support.example:443"}, False),
        ({"origin": "https://support.example:444"}, True),
        ({"origin": "https://attacker.example"}, True),
        ({"origin": "https://support.example.attacker.example"}, True),
        ({"origin": "https://www.example", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "http://www.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"origin": "https://attacker.example", "sec-fetch-site": "same-origin"}, True),
        ({}, False),
    ],
)
def test_a_page_of_another_site_is_known_as_one(headers: dict[str, str], elsewhere: bool) -> None:
    assert PUBLIC.comes_from_elsewhere(peer("support.example"), headers) is elsewhere


def test_nothing_comes_from_a_service_without_a_name() -> None:
    assert PUBLIC.comes_from_elsewhere(peer(""), {"origin": "null"})


def test_a_browser_is_known_by_what_only_browsers_send() -> None:
    assert is_browser({"cookie": "a=b"})
    assert is_browser({"origin": "null"})
    assert not is_browser({"authorization": "Bearer x", "user-agent": "python"})


def test_a_service_without_keys_listens_on_this_machine_only() -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        check_exposure(host, has_keys=False)
    for host in ("0.0.0.0", "::", "192.0.2.1", "support.example", ""):
        with pytest.raises(UsageError, match="refdesk keys create"):
            check_exposure(host, has_keys=False)
        check_exposure(host, has_keys=True)
