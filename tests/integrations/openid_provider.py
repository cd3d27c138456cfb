"""A small OpenID provider on loopback, after OpenID Connect Core 1.0: discovery, code flow with PKCE, RS256, userinfo.

It lets `person` in without asking. What it does wrong is set by a test: other claims, another key, a nonce of its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "aniworld", "a secret of the client"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Faults:
    """What goes wrong at the next sign-in. `claims` replace those of the ID token; None takes one away."""

    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    description: dict[str, Any] = field(default_factory=dict)
    key: rsa.RSAPrivateKey | None = None
    encode: Callable[[dict[str, Any]], str] | None = None
    without_id_token: bool = False
    token_answer: bytes | None = None
    huge_keys: bool = False


@dataclass
class _Grant:
    redirect_uri: str
    nonce: str
    challenge: str
    person: dict[str, Any]


class OpenIdProvider:
    """`person` is who sits at the browser: the claims of the account."""

    def __init__(self, port: int = 0) -> None:
        self.person: dict[str, Any] = {}
        self.faults = Faults()
        self.asked: list[str] = []
        self.authorized: list[dict[str, str]] = []
        self.key = new_key()
        self._grants: dict[str, _Grant] = {}
        self._tokens: dict[str, dict[str, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> OpenIdProvider:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def be(self, subject: str, **claims: Any) -> None:
        """From now on this account is signed in at the provider, and nothing goes wrong."""
        self.person, self.faults = {"sub": subject, **claims}, Faults()

    def description(self) -> dict[str, Any]:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "scopes_supported": ["openid", "profile", "email"],
        }
        return found | self.faults.description

    def keys(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        filler = {"filler": "x" * 8_000_000} if self.faults.huge_keys else {}
        return {"keys": [{**public, "kid": "first", "use": "sig", "alg": "RS256"}], **filler}

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes back to."""
        self.authorized.append(query)
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT)
        assert query["code_challenge_method"] == "S256"
        if not self.person:
            return f"{query['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': query['state']})}"
        code = secrets.token_urlsafe(16)
        self._grants[code] = _Grant(query["redirect_uri"], query["nonce"], query["code_challenge"], dict(self.person))
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, bytes]:
        wanted = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '+')}".encode()).decode()
        grant = self._grants.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if authorization != f"Basic {wanted}":
            return 401, b'{"error": "invalid_client"}'
        if grant is None or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != grant.challenge:
            return 400, b'{"error": "invalid_grant"}'
        if form.get("redirect_uri") != grant.redirect_uri:
            return 400, b'{"error": "invalid_grant"}'
        if self.faults.token_answer is not None:
            return 200, self.faults.token_answer
        access = secrets.token_urlsafe(16)
        self._tokens[access] = grant.person | self.faults.userinfo
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 300}
        if not self.faults.without_id_token:
            answer["id_token"] = self._id_token(grant)
        return 200, json.dumps(answer).encode()

    def _id_token(self, grant: _Grant) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": grant.person["sub"],
            "iat": now,
            "exp": now + 300,
            "nonce": grant.nonce,
            **self.faults.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.faults.encode:
            return self.faults.encode(claims)
        return jwt.encode(claims, self.faults.key or self.key, algorithm="RS256", headers={"kid": "first"})

    def userinfo(self, authorization: str) -> dict[str, Any] | None:
        return self._tokens.get(authorization.removeprefix("Bearer "))


def _handler(provider: OpenIdProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/.well-known/openid-configuration":
                self._json(200, provider.description())
            elif parts.path == "/keys":
                self._json(200, provider.keys())
            elif parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif parts.path == "/userinfo":
                found = provider.userinfo(self.headers.get("Authorization", ""))
                self._json(200 if found else 401, found or {})
            else:
                self._json(404, {})

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._send(*provider.token(form, self.headers.get("Authorization", "")))

        def _json(self, status: int, value: Any) -> None:
            self._send(status, json.dumps(value).encode())

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    return Handler


@contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    with OpenIdProvider() as provider:
        yield provider
