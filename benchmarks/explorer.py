"""Measures the explorer in a headless Chromium: bytes, the first picture, frames per second while
panning.

It shows Calderdale's books and seeded books with 100,000 edges, each in a database that is dropped
afterwards. Seconds are those of the browser's clock from the request of the page to the first
picture: cold (nothing of the tenant in memory, its layout not computed) and warm. The first picture
has all parties and the strongest lines. `whole_seconds` last until all lines are on the screen and
frames follow each other again. These seconds grow with the machine's load, which is printed. The
processor time of the server and of the page's main thread for the whole picture does not. Chromium
renders with the software of SwiftShader; a graphics card pans faster. JSON is printed last.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from benchmarks import dataset, serving
from benchmarks.scoring import real_books, scored_tenants
from finley.models import User
from finley.web.explore.whole_graph import LIBRARIES, VENDOR
from graph import tenant_lookup
from graph.database.role import as_owner
from graph.ingest.import_file import format_of
from tests.finley import browser
from tests.finley.browser import Browser

DATABASE = "finley_explorer"
PASSWORD = "measured-by-the-explorer"  # noqa: S105 - of a database that is dropped
PATIENT = {"FINLEY_REQUEST_SECONDS": "120"}  # a busy machine is measured, too
MOST_BYTES, MOST_SECONDS, LEAST_FRAMES = 3_000_000, 3.0, 30.0
READY = "return document.getElementById('explorer')?.dataset.drawn"
WHOLE = "return document.getElementById('explorer').dataset.whole"
STEADY = """
    const done = arguments[arguments.length - 1];
    let last = performance.now(), steady = 0;
    const step = (now) => {
        steady = now - last < 100 ? steady + 1 : 0;
        last = now;
        if (steady === 10) done(now); else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
"""
BYTES = """
    const entries = [...performance.getEntriesByType('navigation'),
        ...performance.getEntriesByType('resource')];
    return entries.map((entry) => [new URL(entry.name).pathname, entry.transferSize]);
"""
RENDERER = """
    const gl = document.createElement('canvas').getContext('webgl2');
    const names = gl && gl.getExtension('WEBGL_debug_renderer_info');
    return gl ? gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER) : 'no WebGL';
"""
PAN = """
    const done = arguments[arguments.length - 1];
    const box = document.getElementById('canvas'), area = box.getBoundingClientRect();
    const send = (target, type, x, buttons) => target.dispatchEvent(new PointerEvent(type, {
        bubbles: true, cancelable: true, pointerId: 1, isPrimary: true, pointerType: 'mouse',
        button: 0, buttons, clientX: area.left + x, clientY: area.top + area.height / 2 }));
    const target = box.firstElementChild || box;
    send(target, 'pointerdown', area.width / 2, 1);
    const began = performance.now();
    let frames = 0;
    const step = (now) => {
        frames += 1;
        send(document, 'pointermove', area.width / 2 + 150 * Math.sin(frames / 20), 1);
        if (now - began < 4000) { requestAnimationFrame(step); return; }
        send(document, 'pointerup', area.width / 2, 0);
        done(1000 * frames / (now - began));
    };
    requestAnimationFrame(step);
"""


def main() -> None:
    options = _options()
    if not browser.installed():
        sys.exit("There is no chromium with its chromedriver here.")
    if not all((VENDOR / name).is_file() for name in LIBRARIES):
        sys.exit("What draws the graph is not here: make assets fetches it from npm.")
    try:
        with dataset.database(DATABASE):
            figures = run(options)
    except KeyboardInterrupt:
        sys.exit("Interrupted; the database made for measuring is gone.")
    print(json.dumps(figures))


def run(options: argparse.Namespace) -> dict[str, Any]:
    tenants: dict[str, UUID] = {}
    if options.calderdale and real_books.files():
        _say("importing calderdale")
        files = [(path, format_of(path)) for path in real_books.files()]
        tenants["calderdale"] = scored_tenants.made(files)
    _say(f"making {options.edges:,} edges")
    tenants["seeded"] = tenant_lookup.find(str(uuid4()), create=True)
    dataset.fill(tenants["seeded"], options.edges, options.entities, options.seed)
    figures: dict[str, Any] = {"load": list(os.getloadavg()), "chromium": _version()}
    with (
        serving.served({**serving.database(), **PATIENT}) as server,
        tempfile.TemporaryDirectory() as profile,
        browser.browser(Path(profile)) as opened,
    ):
        opened.look_like(1360, "light")
        for name, user_id in tenants.items():
            _say(f"opening {name}")
            figures[name] = measured(opened, server, _email(user_id))
            _say(json.dumps(figures[name]))
        figures["renderer"] = opened.run(RENDERER)
    return figures


def _email(user_id: UUID) -> str:
    with as_owner():
        user = User.objects.get(pk=user_id)
        user.set_password(PASSWORD)
        user.save()
    return str(user.email)


def measured(opened: Browser, server: serving.Server, email: str) -> dict[str, Any]:
    """Measure the page of the tenant's whole graph. Return the figures, each with whether it meets
    its target."""
    opened.forget()
    opened.open(f"{server.address}/account/sign-in/")
    opened.type("#id_username", email)
    opened.type("#id_password", PASSWORD)
    opened.run("document.querySelector('main form button').click()")
    opened.until("return location.pathname === '/'", 120)
    cold = _drawn(opened, server)
    loaded = dict(opened.run(BYTES))
    warm = _drawn(opened, server)
    frames = float(opened.run_async(PAN))
    transferred = sum(loaded.values())
    return {
        "counts": opened.run("return document.getElementById('counts').textContent"),
        "bytes": transferred,
        "bytes_of": {path.rpartition("/")[2] or path: size for path, size in loaded.items()},
        "cold": cold,
        "warm": warm,
        "script_seconds": opened.run(
            "return document.getElementById('explorer').dataset.milliseconds / 1000"
        ),
        "frames_per_second": round(frames, 1),
        "meets": {
            "bytes": transferred <= MOST_BYTES,
            "first_picture": warm["seconds"] <= MOST_SECONDS,
            "frames": frames >= LEAST_FRAMES,
        },
    }


def _drawn(opened: Browser, server: serving.Server) -> dict[str, float]:
    """Open the page without the browser's cache. Return the seconds until the first picture, and
    the other figures of the page."""
    opened.fresh()
    opened.open("about:blank")
    before = _processor_seconds(server)
    opened.open(f"{server.address}/explore/")
    drawn = float(opened.until(READY, 300)) / 1000
    spent = _processor_seconds(server) - before
    opened.until(WHOLE, 300)
    whole = float(opened.run_async(STEADY)) / 1000
    time.sleep(1)  # what it loads beside the picture
    named = {
        "seconds": drawn,
        "server_processor_seconds": spent,
        "whole_seconds": whole,
        "page_thread_seconds": opened.metrics()["TaskDuration"],
    }
    return {name: round(value, 2) for name, value in named.items()}


def _processor_seconds(server: serving.Server) -> float:
    ticks = 0
    for pid in server.pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _version() -> str:
    chromium = shutil.which("chromium") or "chromium"
    version = subprocess.run([chromium, "--version"], capture_output=True, text=True, check=False)
    return version.stdout.strip()


def _say(what: str) -> None:
    print(what, file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=100_000)
    parser.add_argument("--entities", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calderdale", action=argparse.BooleanOptionalAction, default=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
