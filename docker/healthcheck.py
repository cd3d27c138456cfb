#!/usr/bin/env python3
"""Asks the web server of this container whether all is well: exit code 0 if so."""

import http.client
import os
import sys


def main() -> int:
    """Its answer's status decides, and what it says is seen in `docker inspect`."""
    port = int(os.environ.get("PORT") or 8000)
    # A name that the server answers to, whatever the operator allows.
    allowed = (os.environ.get("ALLOWED_HOSTS") or "localhost").replace(",", " ").split()
    host = "localhost" if allowed[0] == "*" else allowed[0].lstrip(".")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=8)
    try:
        connection.request("GET", "/health", headers={"Host": host})
        answer = connection.getresponse()
        sys.stdout.write(answer.read(4000).decode(errors="replace"))
    except OSError as error:
        sys.stdout.write(str(error))
        return 1
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
