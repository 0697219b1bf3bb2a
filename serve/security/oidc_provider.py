"""The OpenID Connect provider, by way of Authlib: where staff are sent, and who the provider says that they are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agents.studio.admission import is_loopback
from knowledge.errors import ConfigError, RefdeskError
from serve.config.oidc import Oidc, is_confidential

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from authlib.integrations.httpx_client import AsyncOAuth2Client

DISCOVERY = "/.well-known/openid-configuration"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# Signatures that only the provider can make: none, and no secret that both sides know.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
KEY_TYPES = ("RSA", "EC", "OKP")
TIMEOUT = 10.0
# How long what the provider says of itself is believed, and how far clocks may differ, in seconds.
BELIEVED = 3600.0
LEEWAY = 60


class ProviderAway(RefdeskError):
    """The provider cannot be reached, or does not speak as it should: try again later."""


class Untrusted(RefdeskError):
    """What came back from the provider is not to be believed: begin again."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """A way to the provider: where to, and what has to come back from there."""

    url: str
    state: str
    nonce: str
    verifier: str
    back: str


@dataclass(slots=True)
class OidcProvider:
    """Speaks with the provider of `settings`: authorisation code flow with PKCE, state and nonce."""

    settings: Oidc
    secret: str | None = field(default=None, repr=False)
    _metadata: dict[str, Any] = field(default_factory=dict)
    _keys: dict[str, Any] = field(default_factory=dict)
    _learnt: float = 0.0

    async def begin(self, back: str) -> Beginning:
        """Where to send somebody who is to come back to the address `back`. Raises `ProviderAway`."""
        from authlib.common.security import generate_token

        metadata = await self._known()
        nonce, verifier = generate_token(32), generate_token(64)
        async with self._client(metadata, back) as client:
            url, state = client.create_authorization_url(
                metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        return Beginning(url, state, nonce, verifier, back)

    async def finish(self, begun: Beginning, code: str, issuer: str = "") -> Mapping[str, Any]:
        """Who came back with `code`: the claims of a token that was checked. Raises `Untrusted`, `ProviderAway`.

        `issuer` is who the answer says that it comes from (RFC 9207), where it says so.
        """
        metadata = await self._known()
        if issuer != self.settings.issuer and (
            issuer or metadata.get("authorization_response_iss_parameter_supported") is True
        ):
            raise Untrusted("Another provider has answered.")
        async with self._client(metadata, begun.back) as client:
            token = await self._token(client, metadata, begun, code)
            claims = await self._claims(client, metadata, token, begun.nonce)
            return await self._with_more(client, metadata, claims)

    async def signed(self, given: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Header and claims of a token that the provider has signed, of which nothing else is checked.

        Raises `Untrusted`, `ProviderAway`.
        """
        metadata = await self._known()
        async with self._client(metadata, "") as client:
            token = await self._signed(client, metadata, given)
            return token.header, token.claims

    async def end_address(self, back: str) -> str:
        """Where somebody is signed out at the provider, to come back to `back`; empty where it offers no such place."""
        from authlib.common.urls import add_params_to_uri

        try:
            place = (await self._known()).get("end_session_endpoint")
        except ProviderAway:  # they are signed out here all the same
            return ""
        if not isinstance(place, str) or not is_confidential(place):
            return ""
        said = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        return str(add_params_to_uri(place, list(said.items())))

    @asynccontextmanager
    async def _client(self, metadata: Mapping[str, Any], back: str) -> AsyncIterator[AsyncOAuth2Client]:
        """A client for one exchange; whatever fails in it is told as one of the two errors."""
        from authlib.common.errors import AuthlibBaseError
        from authlib.integrations.httpx_client import AsyncOAuth2Client
        from httpx2 import HTTPError, InvalidURL
        from joserfc.errors import JoseError

        client = AsyncOAuth2Client(
            self.settings.client_id,
            self.secret,
            token_endpoint_auth_method=self._authentication(metadata),
            scope=" ".join(self.settings.request),
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=not is_loopback(urlsplit(self.settings.issuer).hostname or ""),
        )
        try:
            async with client:
                yield client
        except HTTPError as error:
            raise ProviderAway(f"{self.settings.name} cannot be reached: {_said(error)}.") from error
        except (AuthlibBaseError, JoseError) as error:
            raise Untrusted(f"{self.settings.name} did not confirm who signs in: {_said(error)}.") from error
        except (InvalidURL, ValueError, KeyError, TypeError) as error:
            raise Untrusted(f"{self.settings.name} answered what cannot be read: {_said(error)}.") from error

    async def _known(self) -> dict[str, Any]:
        """What the provider says of itself."""
        if self._metadata and time.monotonic() - self._learnt < BELIEVED:
            return self._metadata
        address = self.settings.issuer.rstrip("/") + DISCOVERY
        try:
            async with self._client({}, "") as client:
                found = await self._fetched(client, address)
        except Untrusted as error:
            raise ProviderAway(error.message) from error
        wrong = [name for name in ENDPOINTS if not is_confidential(found.get(name))]
        if found.get("issuer") != self.settings.issuer:
            raise ProviderAway(f"{address} speaks for another issuer than server.oidc.issuer.")
        if wrong:
            raise ProviderAway(f"{address} says no {wrong[0]} that can be used.")
        self._metadata, self._keys, self._learnt = found, {}, time.monotonic()
        return found

    async def _fetched(self, client: AsyncOAuth2Client, address: str, **how: Any) -> dict[str, Any]:
        response = await client.request("GET", address, **(how or {"withhold_token": True}))
        response.raise_for_status()
        found = response.json()
        if not isinstance(found, dict):
            raise ValueError(f"{address} is no object")
        return found

    async def _token(
        self, client: AsyncOAuth2Client, metadata: Mapping[str, Any], begun: Beginning, code: str
    ) -> Mapping[str, Any]:
        token: Mapping[str, Any] = await client.fetch_token(
            metadata["token_endpoint"], code=code, code_verifier=begun.verifier, grant_type="authorization_code"
        )
        return token

    async def _claims(
        self, client: AsyncOAuth2Client, metadata: Mapping[str, Any], token: Mapping[str, Any], nonce: str
    ) -> dict[str, Any]:
        """What the token of identity says, once its signature, issuer, audience, times and nonce are checked."""
        from authlib.oidc.core import CodeIDToken

        decoded = await self._signed(client, metadata, token["id_token"])
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": self.settings.issuer},
                "aud": {"essential": True, "value": self.settings.client_id},
            },
            {"nonce": nonce, "client_id": self.settings.client_id, "access_token": token.get("access_token")},
        )
        claims.validate(leeway=LEEWAY)
        return dict(claims)

    async def _signed(self, client: AsyncOAuth2Client, metadata: Mapping[str, Any], given: str) -> Any:
        """The token, once one of the provider's keys is known to have signed it."""
        from joserfc.errors import InvalidKeyIdError

        try:
            return self._decoded(given, metadata, self._keys or await self._fetch_keys(client, metadata))
        except InvalidKeyIdError:  # the provider has taken a new key
            return self._decoded(given, metadata, await self._fetch_keys(client, metadata))

    def _decoded(self, given: str, metadata: Mapping[str, Any], keys: dict[str, Any]) -> Any:
        from joserfc import jwt
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        registry = JWSRegistry(algorithms=[one for one in ALGORITHMS if one in offered], strict_check_header=False)
        return jwt.decode(given, KeySet.import_key_set(keys), registry=registry)  # type: ignore[arg-type]  # as fetched

    async def _fetch_keys(self, client: AsyncOAuth2Client, metadata: Mapping[str, Any]) -> dict[str, Any]:
        found = (await self._fetched(client, metadata["jwks_uri"]))["keys"]
        # Of others, such as those for encryption or of kinds to come, nothing here makes use.
        usable = [one for one in found if one.get("kty") in KEY_TYPES and one.get("use", "sig") == "sig"]
        self._keys = {"keys": usable}
        return self._keys

    async def _with_more(
        self, client: AsyncOAuth2Client, metadata: Mapping[str, Any], claims: dict[str, Any]
    ) -> Mapping[str, Any]:
        """The claims, with what the provider tells only on request; the token's own take precedence."""
        place = metadata.get("userinfo_endpoint")
        complete = "email" in claims and claim(claims, self.settings.groups_claim) is not None
        if complete or not is_confidential(place) or not client.token:
            return claims
        found = await self._fetched(client, str(place), headers={"Accept": "application/json"})
        if found.get("sub") != claims["sub"]:
            raise Untrusted("The provider tells of somebody else.")
        return {**found, **claims}

    def _authentication(self, metadata: Mapping[str, Any]) -> str:
        """How the client proves itself: as the provider prefers, and Basic where it says nothing."""
        if not self.secret:
            return "none"
        offered = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"


def open_provider(settings: Oidc, *, secret: str | None, offline: bool) -> OidcProvider:
    """The provider of `settings`. Raises `ConfigError` where it cannot or may not be spoken with."""
    try:
        import authlib  # noqa: F401  # comes with an extra
    except ImportError:
        raise ConfigError(
            "server.oidc is configured and Authlib is not installed:", hint="pip install 'refdesk[oidc]'."
        ) from None
    if offline and not is_loopback(urlsplit(settings.issuer).hostname or ""):
        raise ConfigError(f"Offline: {settings.issuer} may not be asked:", hint="leave `oidc` out, or go online.")
    return OidcProvider(settings, secret)


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name; one such as `realm_access.roles` lies within another. None where there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _said(error: Exception) -> str:
    """What the error says, short: providers put whole pages into theirs."""
    return (" ".join(str(error).split()) or type(error).__name__)[:200].rstrip(".")
