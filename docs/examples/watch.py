"""Prints what happens to downloads while it happens, and loses nothing when the connection breaks.

pip install websockets; python watch.py [how many events]
"""

import json
import os
import sys
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

BASE = os.environ.get("ANIWORLD", "http://127.0.0.1:8000")
left = int(sys.argv[1]) if len(sys.argv) > 1 else None
last = None


def follow(socket):
    global last, left
    socket.send(json.dumps({"action": "authenticate", "token": os.environ["ANIWORLD_KEY"]}))
    for room in ("downloads", "download_progress"):
        socket.send(json.dumps({"action": "join", "room": room}))
    if last is not None:
        # What was missed meanwhile comes first.
        socket.send(json.dumps({"action": "resume", "after": last}))
    for text in socket:
        message = json.loads(text)
        if message.get("id") is None:
            continue
        last = message["id"]
        socket.send(json.dumps({"action": "ack", "id": last}))
        data = message["data"]
        print(message["type"], data.get("item_id", ""), data.get("percent", ""), flush=True)
        if left is not None and (left := left - 1) == 0:
            sys.exit()


while True:
    try:
        with connect(BASE.replace("http", "ws", 1) + "/ws/connect") as socket:
            follow(socket)
    except (ConnectionClosed, OSError) as error:
        print("again in 5 s:", error, file=sys.stderr)
        time.sleep(5)
