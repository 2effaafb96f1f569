// Updates the console every 2 seconds, but not in a hidden tab. Without it the page shows the state
// at its load.
const box = document.getElementById("console");
const stale = document.getElementById("console-stale");
let timer = 0;

async function update() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
        const response = await fetch(box.dataset.from, {redirect: "error"});
        if (!response.ok) throw new Error(response.statusText);
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        replace(page);
        stale.hidden = true;
    } catch {
        stale.hidden = false;
    }
    clearTimeout(timer);
    timer = setTimeout(update, 2000);
}

// Only parts that changed are replaced; the focus stays on the link that had it.
function replace(page) {
    for (const part of page.querySelectorAll("section")) {
        const before = document.getElementById(part.id);
        if (before === null || before.innerHTML === part.innerHTML) continue;
        const focused = before.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        before.innerHTML = part.innerHTML;
        if (focused) before.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
    }
}

document.addEventListener("visibilitychange", update);
timer = setTimeout(update, 2000);
