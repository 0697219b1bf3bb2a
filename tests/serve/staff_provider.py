"""An OpenID Connect provider on loopback: it signs real tokens, holds clients to PKCE, and can be told to do wrong."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.serve.served import listening

CLIENT, SECRET = "refdesk", "a secret & a half"
LOGIN = """<!doctype html><html lang="en"><title>Example Ltd</title><link rel="icon" href="data:,"><form method="post">
<label>Account <input name="account"></label><button>Continue</button></form></html>"""


@dataclass
class Provider:
    """One provider. `claims` are put into every token in place of what belongs there, `said` into the answer to a code.

    `accounts` are those that can sign in, by name, with their claims; `told` are claims that userinfo alone tells.
    """

    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}))
    signs: RSAKey | OctKey | None = None
    algorithm: str = "RS256"
    url: str = ""
    down: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def app(self) -> Starlette:
        """The provider as an application."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize, methods=["GET", "POST"]),
                Route("/token", self.token, methods=["POST"]),
                Route("/jwks", self.jwks),
                Route("/userinfo", self.userinfo),
                Route("/end", self.end),
            ]
        )

    def discovery(self, _: Request) -> Response:
        """What the provider says of itself."""
        if self.down:
            return Response("Down for maintenance.", 503)
        known = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/end",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "authorization_response_iss_parameter_supported": True,
        }
        return JSONResponse(known | self.metadata)

    async def authorize(self, request: Request) -> Response:
        """Somebody signs in, by the name of an account."""
        asked = dict(request.query_params)
        if request.method == "GET":
            assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
            assert asked["code_challenge_method"] == "S256"
            return HTMLResponse(LOGIN)
        account = dict(parse_qsl((await request.body()).decode()))["account"]
        back = {"state": asked["state"], "iss": self.url}
        if account not in self.accounts:
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back | {'error': 'access_denied'})}", 303)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked | {"account": account}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back | {'code': code})}", 303)

    async def token(self, request: Request) -> Response:
        """A code for a token, once, for the client that asked and holds the verifier."""
        if self.down:
            return Response("Down for maintenance.", 503)
        given = dict(parse_qsl((await request.body()).decode()))
        kind, _, basic = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(basic).decode().partition(":")
        if (kind, unquote(name), unquote(secret)) != ("Basic", CLIENT, SECRET):
            return JSONResponse({"error": "invalid_client"}, 401)
        begun = self.codes.pop(given.get("code", ""), None)
        if begun is None or begun["redirect_uri"] != given.get("redirect_uri"):
            return JSONResponse({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != begun["code_challenge"]:
            return JSONResponse({"error": "invalid_grant", "error_description": "PKCE"}, 400)
        access = secrets.token_urlsafe(16)
        self.tokens[access] = begun["account"]
        return JSONResponse({"access_token": access, "token_type": "Bearer", "id_token": self.signed(begun)})

    def signed(self, begun: dict[str, str]) -> str:
        """A token of identity."""
        moment = int(time.time())
        said = {
            "iss": self.url,
            "sub": begun["account"],
            "aud": CLIENT,
            "iat": moment,
            "exp": moment + 300,
            "nonce": begun["nonce"],
            **self.accounts[begun["account"]],
            **self.claims,
        }
        key = self.signs or self.key
        return jwt.encode({"alg": self.algorithm, "kid": key.kid}, said, key, algorithms=[self.algorithm])

    def logout_token(self, typ: str = "logout+jwt", **changed: Any) -> str:
        """A token that tells of somebody's logout, `changed` in what it says; what is None it does not say."""
        moment = int(time.time())
        said = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": moment,
            "exp": moment + 120,
            "jti": secrets.token_urlsafe(16),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **changed,
        }
        told = {name: value for name, value in said.items() if value is not None}
        key = self.signs or self.key
        header = {"alg": self.algorithm, "kid": key.kid, "typ": typ}
        return jwt.encode(header, told, key, algorithms=[self.algorithm])

    def jwks(self, _: Request) -> Response:
        """The keys that tokens are checked with, and one of a kind that nobody knows yet."""
        return JSONResponse({"keys": [self.key.as_dict(private=False), {"kty": "AKP", "kid": "new", "pub": "x"}]})

    def userinfo(self, request: Request) -> Response:
        """What the provider tells of whoever holds a token."""
        account = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        return JSONResponse({"sub": account, **self.told}, 200 if account else 401)

    def end(self, request: Request) -> Response:
        """Sign somebody out here as well."""
        return HTMLResponse(f"Signed out, back to {request.query_params['post_logout_redirect_uri']}")

    def settings(self, **more: Any) -> dict[str, Any]:
        """The part `oidc:` for this provider."""
        return {
            "name": "Example Ltd",
            "issuer": self.url,
            "client_id": CLIENT,
            "teams": [
                {"groups": ["support"], "scopes": ["inbox", "documents:write"], "roles": ["staff"]},
                {"emails": ["boss@example.com"], "scopes": ["admin"]},
            ],
            **more,
        }


class _Ending(uvicorn.Server):
    """Ends alone: the handler that sse_starlette puts in its place would end every stream of the process for ever."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


@contextmanager
def provider_at_work() -> Iterator[Provider]:
    """A provider with two accounts: Anna of the support, and the boss."""
    provider = Provider(
        {
            "anna": {"name": "Anna Berg", "email": "anna@example.com", "email_verified": True, "groups": ["support"]},
            "boss": {"name": "The Boss", "email": "boss@example.com", "email_verified": True, "groups": []},
            "guest": {"name": "A Guest", "email": "guest@elsewhere.example", "email_verified": True, "groups": ["hr"]},
        }
    )
    config = uvicorn.Config(provider.app(), log_config=None, access_log=False, ws="none", lifespan="off")
    with listening(_Ending(config)) as url:
        provider.url = url
        yield provider
