"""Send a message to addresses as Apprise takes them. Never raises, never waits for ever, never tells an address.

Apprise is imported when something is sent: it brings a hundred services with it.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import replace

from nginxgen.model.gates import Severity
from nginxgen.model.record import Alert, AlertFate

LONGEST = 20.0  # seconds for all addresses of a message together
_SECRETS = re.compile(r"[/:@?&=,#+\s]+")
_SHORTEST = 4  # characters: what is shorter stands in every sentence
_SAID = 200  # characters
_STYLE = {Severity.P1: "failure", Severity.P2: "warning", Severity.P3: "info"}


def send(alert: Alert, urls: Sequence[str], seconds: float = LONGEST) -> Alert:
    """To all of `urls` at once; the alert with what became of it.

    SENT means that at least one took it; `error` tells of the others.
    """
    told: dict[int, str] = {}
    threads = [
        threading.Thread(target=_one, args=(place, url, alert, told), name=f"alert to {kind(url)}", daemon=True)
        for place, url in enumerate(urls)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    said = [told.get(place, f"no answer within {seconds:g} s") for place in range(len(urls))]
    errors = [f"{kind(url)}: {error}" for url, error in zip(urls, said, strict=True) if error]
    fate = AlertFate.SENT if len(errors) < len(urls) else AlertFate.FAILED
    return replace(alert, fate=fate, channels=kinds(urls), error="; ".join(errors))


def kind(url: str) -> str:
    """What of an address may be told: `slack` of `slack://token@/#channel`."""
    found = re.fullmatch(r"([a-z][a-z0-9+.-]{0,31})://.*", url, re.IGNORECASE | re.DOTALL)
    return found[1].lower() if found else "an address without a scheme"


def kinds(urls: Sequence[str]) -> tuple[str, ...]:
    """Each once, in their order."""
    return tuple(dict.fromkeys(kind(url) for url in urls))


def masked(text: str, url: str) -> str:
    """`text` without anything that stands in `url`."""
    scheme = kind(url)
    parts = {part for part in _SECRETS.split(url) if len(part) >= _SHORTEST and part.lower() != scheme}
    for part in sorted({url, *parts}, key=len, reverse=True):
        text = text.replace(part, "***")
    return text


def _one(place: int, url: str, alert: Alert, told: dict[int, str]) -> None:
    """Puts why it was not taken into `told`; "" where it was."""
    try:
        told[place] = masked(_asked(url, alert), url)[:_SAID]
    except Exception as error:  # noqa: BLE001  (a plugin of a service must not end a rollout)
        told[place] = masked(f"{type(error).__name__}: {error}", url)[:_SAID]


def _asked(url: str, alert: Alert) -> str:
    import apprise  # noqa: PLC0415  (see above)

    _quiet()
    channel = apprise.Apprise.instantiate(url)
    if channel is None:
        return "not an address that Apprise knows"
    style = apprise.NotifyType("success" if alert.resolved else _STYLE[alert.level])
    return "" if channel.notify(body=alert.body, title=alert.title, notify_type=style) else "not delivered"


def _quiet() -> None:
    """Apprise logs whole addresses; without a handler Python would print them."""
    logger = logging.getLogger("apprise")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False
