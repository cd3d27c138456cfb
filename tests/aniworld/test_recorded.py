"""What workers wrote down in English is read in the language of the page, and anything else as it is."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from aniworld.recorded import as_told
from downloads.short_words import of
from providers.exceptions import ProviderError
from providers.http.address_guard import AddressGuard
from providers.http.answers import refusal


def _refused(status: int, text: str = "") -> str:
    return str(refusal("https://host.example/video.mp4", status, {}, text))


def _unreachable(host: str, *addresses: str) -> str:
    with pytest.raises(ProviderError) as raised:
        AddressGuard(resolve=lambda _host, _port: list(addresses)).addresses(host, 80)
    return str(raised.value)


@pytest.mark.parametrize(
    ("recorded", "german"),
    [
        ("Tries Demo HLS next.", "Versucht als Nächstes Demo HLS."),
        (
            f"No host works: VOE – {of('blocked')}, {of('slow')}; Vidoza – {of('failed')} (each tried 3 times)",
            "Kein Host funktioniert: VOE – verlangt ein Captcha oder eine Anmeldung, zu langsam; "
            "Vidoza – fehlgeschlagen (jede 3-mal versucht)",
        ),
        (
            "HTTP index: No usable source in German Dub; the catalogue offers English Dub. (tried 3 times)",
            "HTTP index: Keine nutzbare Quelle in German Dub; der Katalog bietet English Dub. (3-mal versucht)",
        ),
        ("Not one byte came for 30 seconds.", "Seit 30 Sekunden kam kein einziges Byte."),
        ("Went on from the 12.5 MB that were there.", "Ging von den 12.5 MB aus weiter, die da waren."),
        (
            "Every source is blocked; they are asked again in 30 minutes.",
            "Alle Quellen sind gesperrt; sie werden in 30 Minuten erneut gefragt.",
        ),
        (
            "The file breaks off: 120 of 1440 seconds are readable.",
            "Die Datei bricht ab: 120 von 1440 Sekunden sind lesbar.",
        ),
        ("No enabled catalogue has it under this title.", "Kein eingeschalteter Katalog hat sie unter diesem Titel."),
    ],
)
def test_what_the_queue_writes_down_is_read_in_german(recorded: str, german: str) -> None:
    with override("de"):
        assert as_told(recorded) == german
    with override("en"):
        assert as_told(recorded) == recorded


@pytest.mark.parametrize(
    "recorded",
    [
        *(_refused(status) for status in (403, 404, 429, 500)),
        _unreachable("nas.lan"),
        _unreachable("nas.lan", "192.168.1.5"),
    ],
)
def test_what_stands_in_the_way_of_a_request_is_read_in_german(recorded: str) -> None:
    with override("de"):
        alone, of_a_host = as_told(recorded), as_told(f"VOE: {recorded}")
    assert alone != recorded
    assert of_a_host == f"VOE: {alone}"


@pytest.mark.parametrize("foreign", ["", "ERROR 7: nothing of ours", "100 % of it: 50 %s", "a · b · c: d", "x" * 5000])
def test_words_of_others_stay_as_they_are(foreign: str) -> None:
    with override("de"):
        assert as_told(foreign) == foreign
