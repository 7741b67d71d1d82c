"""This module is about the short way of a scan: what is as it should be meets no framework.

A station sends the same small request all day, and a request's way through the framework costs
several times what the scan itself does. So the intake is asked first, below the framework, by a
plain WSGI callable (PEP 3333). It answers only what is in order in every respect: the method,
the host, the token, each scan. Whatever is not goes the long way, untouched, and is refused
there with words; the long way decides everything that this one does.
"""

import io
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from inventory.db import SharedCommits
from inventory.errors import Refusal
from inventory.scanning.incoming import incoming, listed
from inventory.scanning.service import Answers, Sealed, Submission, as_json

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
Intake = SharedCommits[Submission | Sealed, Answers]
FAILED = "tallycard.failed"
"""Key of a request's environment: the error that its scans met here, to be raised there."""
LONGEST_BODY = 2_000_000
"""Bytes; 1,000 scans have about 200,000."""


class Express:
    """Answers scans that are in order, and passes everything else on."""

    def __init__(
        self,
        long_way: Wsgi,
        *,
        path: str,
        engine: Engine,
        intake: Intake,
        knows_host: Callable[[str], bool],
        headers: Iterable[tuple[str, str]],
    ) -> None:
        self._long_way = long_way
        self._path = path
        self._engine = engine
        self._intake = intake
        self._knows_host = knows_host
        self._headers = [("Content-Type", "application/json"), *headers]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == self._path and environ["REQUEST_METHOD"] == "POST":
            answer = self._taken(environ)
            if answer is not None:
                length = ("Content-Length", str(len(answer)))
                start_response("200 OK", [*self._headers, length])
                return [answer]
        return self._long_way(environ, start_response)

    def _taken(self, environ: Environ) -> bytes | None:
        """Take the scans in and return the answer; None when anything is out of order."""
        length = environ.get("CONTENT_LENGTH", "")
        scheme, _, secret = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if not length.isdecimal() or int(length) > LONGEST_BODY or scheme.lower() != "bearer":
            return None
        if environ.get("QUERY_STRING") or not self._knows_host(environ.get("HTTP_HOST", "")):
            return None
        content = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(content)  # the long way reads it again
        try:
            scans = tuple(incoming(n, one) for n, one in enumerate(listed(json.loads(content))))
        except (Refusal, ValueError, RecursionError):
            return None
        sealed = Sealed(secret.strip(), datetime.now(UTC), scans)
        try:
            results = self._intake.submit(self._engine, sealed, len(scans))
        except Exception as error:
            environ[FAILED] = error
            return None
        return as_json({"results": results}).encode() if results else None
