"""The script that sends files: what it asks where an answer gets lost."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path("finley/web/static/web/upload.js")
PAGE = """
const asked = [];
let submit = null;
const element = () => ({ append() {}, replaceChildren() {}, dataset: {} });
const form = { ...element(), dataset: { most: "1000", tries: "3" }, querySelector: element };
form.addEventListener = (name, listener) => { if (name === "submit") submit = listener; };
const file = { name: "books.csv", size: 3, lastModified: 1, slice: () => "abc" };
form.elements = { files: { files: [file] } };
globalThis.document = {
  getElementById: (id) => (id === "upload" ? form : element()), createElement: element,
  body: { dataset: { tenant: "t" } },
};
globalThis.localStorage = { getItem: () => null, setItem() {}, removeItem() {} };
Object.defineProperty(globalThis, "navigator", { value: { onLine: true } });
globalThis.location = { assign() {} };
globalThis.finleyApi = {
  tell() {}, Refused: class extends Error {},
  ask: async (method, path, content) => {
    if (method !== "POST") return { missing: [] };
    asked.push(content.key);
    if (asked.length === 1) throw new TypeError("the answer is lost");
    return { id: "u", missing: [0], pieces: 1, piece_bytes: 3 };
  },
};
"""
SENT_TWICE = """
const event = { preventDefault() {} };
submit(event).then(() => submit(event)).then(() => console.log(JSON.stringify(asked)));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the script")
def test_a_lost_answer_begins_no_second_upload() -> None:
    script = f"{PAGE}{SCRIPT.read_text()}{SENT_TWICE}"
    done = subprocess.run(
        ["node", "-e", script], capture_output=True, text=True, timeout=60, check=True
    )
    first, repeated, of_next = json.loads(done.stdout)
    assert first
    assert repeated == first, "the answer to the first request comes again"
    assert of_next != first, "the file is chosen again on purpose"
