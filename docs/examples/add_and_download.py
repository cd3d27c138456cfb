"""Searches, adds a series, and waits until its first episode is on disk.

python add_and_download.py "words to search for"
"""

import os
import sys
import time

import requests

BASE = os.environ.get("ANIWORLD", "http://127.0.0.1:8000")
session = requests.Session()
session.headers["X-Api-Key"] = os.environ["ANIWORLD_KEY"]


def call(method, path, body=None, **query):
    answer = session.request(method, f"{BASE}/api{path}", json=body, params=query, timeout=30)
    if not answer.ok:
        # Every error says what and why, and has a code for programs.
        problem = answer.json()
        sys.exit(f"{answer.status_code} {problem['code']}: {problem['detail']}")
    return answer.json() if answer.content else None


def wait(ask, seconds=120):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := ask():
            return found
        time.sleep(1)
    sys.exit("It took too long.")


found = call("POST", "/anime/search", {"query": sys.argv[1]})["items"]
found = [hit for hit in found if not hit["in_library"]]
if not found:
    sys.exit("No catalogue has that, or all of it is in the library already.")
print("found", found[0]["name"])

# Answered at once; episodes, NFO files and pictures come in the background.
key = call("POST", "/anime/add", {"link": found[0]["link"]})["key"]
wait(lambda: call("GET", f"/anime/{key}/loading-status")["progress"]["episodes"])

seasons = call("GET", f"/anime/{key}")["seasons"]
first = next(episode for season in seasons for episode in season["episodes"] if season["season"] > 0)
wanted = [{"season": first["season"], "episode": first["episode"]}]
queued = call("POST", f"/anime/{key}/download", {"episodes": wanted})
call("POST", "/queue/start")


def ended():
    item = call("GET", f"/queue/{queued['added_items'][0]}")
    print(item["status"], f"{item['progress_percent']:.0f} %")
    return item if item["status"] in ("completed", "failed", "cancelled") else None


item = wait(ended)
print(item["status"], item["file_destination"])
for attempt in item["attempts"]:
    print("tried", attempt["provider"], attempt["outcome"])
