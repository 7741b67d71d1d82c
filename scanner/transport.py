"""One POST of JSON with a bearer token, to one server and nowhere else."""

import json
import ssl
from dataclasses import dataclass, field
from http.client import HTTPException
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import SplitResult, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from scanner.errors import ServerUnavailable

MAX_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """Status, headers by lower-case name, and the JSON body; None when it was no JSON."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


class Transport:
    """
    Posts to one server; ``timeout_s`` is the longest silence that is borne, in seconds.

    Redirects are not followed, they come back as a `Response` like any other status: the token
    belongs to this server, and a POST would not survive most redirects.

    Raises:
        ValueError: no http or https address, or a token with characters that no header holds.
    """

    def __init__(
        self, server: str, token: str, timeout_s: float, ca_file: str | Path | None
    ) -> None:
        address = urlsplit(server)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"the server's address starts with http:// or https://: {server}")
        if not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("a token is one word of ASCII characters")
        self._server = server
        self._token = token
        self._timeout_s = timeout_s
        self._opener = _opener(address, ca_file)

    def post(self, path: str, body: Any) -> Response:
        """
        Post ``body`` as JSON; any status that the server gives is a response.

        Raises:
            ServerUnavailable: no connection, no answer in time, or half an answer.
        """
        request = Request(  # noqa: S310, the constructor has checked the scheme
            self._server + path,
            data=json.dumps(body, ensure_ascii=False).encode("utf-8"),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "Accept": "application/json",
            },
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s) as answer:
                return _response(answer.status, answer)
        except HTTPError as error:
            with error:
                return _response(error.code, error)
        except (OSError, HTTPException) as error:
            raise ServerUnavailable(self._server, _words(error)) from error


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener(address: SplitResult, ca_file: str | Path | None) -> OpenerDirector:
    handlers: list[BaseHandler] = [_NoRedirects()]
    if address.scheme == "https":
        # Reading the computer's list of authorities takes longer than a request.
        handlers.append(HTTPSHandler(context=_trust(ca_file)))
    if is_loopback(address.hostname or ""):
        # A proxy could not reach this computer's own server.
        handlers.append(ProxyHandler({}))
    return build_opener(*handlers)


def _trust(ca_file: str | Path | None) -> ssl.SSLContext:
    trust = ssl.create_default_context()
    if ca_file is not None:
        trust.load_verify_locations(cafile=ca_file)
    return trust


def is_loopback(host: str) -> bool:
    """Tell whether a host name means this computer itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _response(status: int, answer: Any) -> Response:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    try:
        return Response(status, json.loads(answer.read(MAX_ANSWER_BYTES)), headers)
    except ValueError:
        return Response(status, None, headers)


def _words(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason) or type(error).__name__
