"""Lists what is missing of each series, over all pages. A key of scope `read` is enough.

python missing.py
"""

import os

import requests

BASE = os.environ.get("ANIWORLD", "http://127.0.0.1:8000")
session = requests.Session()
session.headers["X-Api-Key"] = os.environ["ANIWORLD_KEY"]


def pages(path, **query):
    number, seen = 1, 0
    while True:
        answer = session.get(f"{BASE}/api{path}", params={**query, "page": number, "limit": 200}, timeout=30)
        answer.raise_for_status()
        page = answer.json()
        yield from page["items"]
        seen += len(page["items"])
        if seen >= page["total"] or not page["items"]:
            return
        number += 1


for series in pages("/anime", missing_only="true"):
    print(f"{series['missing_episodes']:4d}  {series['name']}")
