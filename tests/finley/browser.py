"""Drives a headless Chromium over WebDriver's HTTP (W3C), and collects the messages of its console.

The flags of Chromium prevent requests to any server but the page's own.
"""

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def installed() -> bool:
    return bool(shutil.which("chromedriver") and shutil.which("chromium"))


class Browser:
    """One window of the browser."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client, self._session = client, session

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        answer = self._client.request(
            method, f"/session/{self._session}{path}", json=body if method == "POST" else None
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def open(self, address: str) -> None:
        self._ask("POST", "/url", url=address)

    def keep(self, name: str, value: str) -> None:
        """Set a cookie for the page's host."""
        self._ask("POST", "/cookie", cookie={"name": name, "value": value, "path": "/"})

    def run(self, script: str) -> Any:
        """Run the script and return its result, a JSON value."""
        return self._ask("POST", "/execute/sync", script=script, args=[])

    def run_async(self, script: str) -> Any:
        """Run the script and return the JSON value that it passes to the function in its last
        argument."""
        return self._ask("POST", "/execute/async", script=script, args=[])

    def forget(self) -> None:
        """Delete the cookies of all hosts."""
        self._ask("POST", "/goog/cdp/execute", cmd="Network.clearBrowserCookies", params={})

    def block(self, *patterns: str) -> None:
        """Let requests to these addresses fail, as without a connection. `*` stands for any
        text."""
        for command, values in (
            ("Network.enable", {}),
            ("Network.setBlockedURLs", {"urls": list(patterns)}),
        ):
            self._ask("POST", "/goog/cdp/execute", cmd=command, params=values)

    def fresh(self) -> None:
        """Turn off the browser's cache, and begin to measure what pages cost (see `metrics`)."""
        for command, values in (
            ("Performance.enable", {"timeDomain": "threadTicks"}),
            ("Network.enable", {}),
            ("Network.setCacheDisabled", {"cacheDisabled": True}),
        ):
            self._ask("POST", "/goog/cdp/execute", cmd=command, params=values)

    def metrics(self) -> dict[str, float]:
        """What the page has cost since it was opened, in seconds of processor time of its main
        thread. Call `fresh` before."""
        answer = self._ask("POST", "/goog/cdp/execute", cmd="Performance.getMetrics", params={})
        return {metric["name"]: metric["value"] for metric in answer["metrics"]}

    def until(self, script: str, seconds: float = 20) -> Any:
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            if result := self.run(script):
                return result
            time.sleep(0.1)
        raise AssertionError(f"not in {seconds} s: {script}; {self.said()}")

    def type(self, selector: str, text: str) -> None:
        """Type the text into the first element that the CSS selector finds. For a file field, the
        text is a path."""
        self._ask("POST", f"/element/{self._element(selector)}/value", text=text)

    def click(self, selector: str) -> None:
        """Click with the mouse in the middle of the first element that the CSS selector finds.
        Fails if something covers it."""
        self._ask("POST", f"/element/{self._element(selector)}/click")

    def _element(self, selector: str) -> str:
        reference = self._ask("POST", "/element", using="css selector", value=selector)
        (element,) = reference.values()
        return str(element)

    def press(self, *keys: str) -> None:
        """Press the keys one after another, wherever the focus is. Special keys are WebDriver's
        codes."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self._ask("POST", "/actions", actions=[source])

    def look_like(self, width: int, scheme: str) -> None:
        """Set the window's width in CSS pixels, and the colour scheme that the pages see: `light`
        or `dark`."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        for command, values in (
            ("Emulation.setDeviceMetricsOverride", size),
            ("Emulation.setEmulatedMedia", media),
        ):
            self._ask("POST", "/goog/cdp/execute", cmd=command, params=values)

    def picture(self) -> bytes:
        """A screenshot of the window as PNG."""
        return base64.b64decode(self._ask("GET", "/screenshot"))

    def said(self) -> list[str]:
        """The warnings and errors in the browser's console since the last call."""
        report = self._ask("POST", "/se/log", type="browser")
        return [item["message"] for item in report if item["level"] in {"WARNING", "SEVERE"}]


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    driver = subprocess.Popen(["chromedriver", f"--port={port}", "--silent"])
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            session = _begun(client, profile)
            yield Browser(client, session)
            client.delete(f"/session/{session}")
    finally:
        driver.terminate()
        driver.wait(20)


def _begun(client: httpx.Client, profile: Path) -> str:
    capabilities = {
        "goog:chromeOptions": {
            "binary": shutil.which("chromium"),
            "args": [*FLAGS, f"--user-data-dir={profile}"],
        },
        "goog:loggingPrefs": {"browser": "ALL"},
    }
    for _ in range(100):
        try:
            answer = client.post("/session", json={"capabilities": {"alwaysMatch": capabilities}})
        except httpx.ConnectError:
            time.sleep(0.1)
            continue
        assert answer.status_code == 200, answer.text
        return str(answer.json()["value"]["sessionId"])
    raise AssertionError("chromedriver did not start")
