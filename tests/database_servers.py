"""Databases on the servers that are there: a PostgreSQL database or a Redis number for one test, and gone after it."""

from __future__ import annotations

import os
import secrets
import socket
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

POSTGRESQL = os.environ.get("TEST_DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
REDIS = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/"


def reachable(url: str) -> bool:
    """Whether something accepts connections at the address of `url`."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5432), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def postgresql_database() -> Any:
    """The URL of a database made for this, removed after; skips the test when no PostgreSQL is reachable."""
    if not reachable(POSTGRESQL):
        pytest.skip(f"no PostgreSQL at {urlsplit(POSTGRESQL).hostname}; name one with TEST_DATABASE_URL")
    name = f"aniworld_{secrets.token_hex(6)}"
    with psycopg.connect(POSTGRESQL, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            yield urlsplit(POSTGRESQL)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


@contextmanager
def redis_database() -> Any:
    """The URL of an empty Redis database number, emptied after; skips the test when no Redis is reachable."""
    if not reachable(REDIS):
        pytest.skip(f"no Redis at {urlsplit(REDIS).hostname}; name one with TEST_REDIS_URL")
    for number in range(15, 0, -1):
        url = urlsplit(REDIS)._replace(path=f"/{number}").geturl()
        client = redis.Redis.from_url(url)
        # The mark keeps a number from being taken twice by tests that run side by side.
        if client.dbsize() == 0 and client.set("aniworld:tests", "1", nx=True, ex=3600):
            try:
                yield url
            finally:
                client.flushdb()
            return
    pytest.skip("no empty Redis database number")
