/* Draws the whole graph with sigma: colours, filters, a party's panel, paths, PNG, permalink. */
(() => {
  const section = document.getElementById("explorer");
  if (!section || !globalThis.Sigma) return;
  const { count, day, element, hslToHex, money } = globalThis.finleyFormat;
  const byId = (id) => document.getElementById(id);
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const state = new URLSearchParams(location.hash.slice(1));
  const DAY = 86400000;
  const FIRST = 3000; // lines of the first picture, the strongest; the others follow in idle time
  const kinds = {
    vendor: "--out", department: "--main", account: "--main", project: "--main",
    customer: "--in", employee: "--warn", clearing: "--soft",
  };
  const kindNames = { clearing: "split of one transaction" };
  let data, graph, sigma, chosen = null, pathTo = null;
  let path = new Set();
  const pinned = new Set();
  let waiting = [], turn = 0; // lines that are not drawn yet, and the number of this drawing

  /* When the browser shows what is drawn now: with the frame after this one. */
  const onceShown = (work) => requestAnimationFrame(() => requestAnimationFrame(work));
  const whenIdle = (work) => (globalThis.requestIdleCallback || setTimeout)(work);

  const remember = () => {
    for (const [name, value] of [["party", chosen === null ? "" : data.id(chosen)],
      ["colours", byId("colours").value === "kind" ? "" : byId("colours").value],
      ["least", byId("least").value], ["until", moved("time", "max")], ["from", moved("time-from", "min")],
      ["pin", [...pinned].map(data.id).join(",")], ["near", byId("near").checked ? "yes" : ""],
      ["path", pathTo === null ? "" : data.id(pathTo)]]) {
      if (value) state.set(name, value); else state.delete(name);
    }
    history.replaceState(null, "", `${location.pathname}${location.search}${state.size ? `#${state}` : ""}`);
  };

  /* The colour of a kind of parties; the style sheet is asked once for each. */
  const palette = new Map();
  const colourOf = (kind) => {
    if (!palette.has(kind)) palette.set(kind, style(kinds[kind] || "--soft"));
    return palette.get(kind);
  };

  const colour = (node, by = byId("colours").value) => {
    if (by === "kind") return colourOf(data.kinds[node]);
    const hue = (data.community[node] * 137.508) % 360;
    return hslToHex(hue, 55, matchMedia("(prefers-color-scheme: dark)").matches ? 65 : 42);
  };

  /* A slider's value, or "" where it stands at its end. */
  const moved = (id, end) => (byId(id).value === byId(id)[end] ? "" : byId(id).value);

  /* Edges that the filters leave; a line stands for both directions and all currencies of a pair. */
  const lines = () => {
    const least = Number(byId("least").value) || 0;
    const from = Number(byId("time-from").value), until = Number(byId("time").value);
    const found = new Map();
    for (let at = 0; at < data.source.length; at += 1) {
      if (data.amount[at] < least || data.first[at] > until || data.last[at] < from) continue;
      const source = data.source[at], target = data.target[at];
      if (source === target) continue;
      const key = Math.min(source, target) * data.names.length + Math.max(source, target);
      found.set(key, (found.get(key) || 0) + data.count[at]);
    }
    return found;
  };

  const build = () => {
    graph = new graphology.UndirectedGraph();
    const by = byId("colours").value;
    for (let node = 0; node < data.names.length; node += 1) {
      graph.addNode(String(node), {
        x: data.x[node], y: data.y[node], size: data.size[node],
        label: data.names[node], color: colour(node, by),
      });
    }
  };

  const colourNodes = () => {
    const by = byId("colours").value, label = style("--text");
    graph.updateEachNodeAttributes((key, attributes) => ({ ...attributes, color: colour(Number(key), by), labelColour: label }),
      { attributes: ["color", "labelColour"] });
  };

  /* Takes the colours of the scheme that the person's system changed to. */
  const recolour = () => {
    palette.clear();
    colourNodes();
    drawEdges();
    legend();
  };

  /* Parties that are chosen or pinned, and those at the other ends of their lines. */
  const nearby = (found) => {
    const centres = new Set(pinned);
    if (chosen !== null) centres.add(chosen);
    const near = new Set(centres);
    for (const key of found.keys()) {
      const [one, other] = endsOf(key);
      if (centres.has(one)) near.add(other);
      if (centres.has(other)) near.add(one);
    }
    return near;
  };

  const endsOf = (key) => [Math.floor(key / data.names.length), key % data.names.length];

  const drawNodes = (found) => {
    const near = byId("near").checked && (pinned.size || chosen !== null) ? nearby(found) : null;
    graph.updateEachNodeAttributes((key, attributes) => {
      const node = Number(key);
      return {
        ...attributes,
        visibility: near && !near.has(node) ? "hidden" : "visible",
        labelVisibility: pinned.has(node) || node === chosen ? "visible" : "auto",
      };
    }, { attributes: ["visibility", "labelVisibility"] });
    return near;
  };

  const isLit = (key) => (path.size ? path.has(key)
    : endsOf(key).some((node) => node === chosen || pinned.has(node)));

  /* Adds the next lines: at most this many. */
  const addLines = (most) => {
    const faint = style("--line"), strong = style("--main");
    for (const [key, number, lit] of waiting.splice(0, most)) {
      const [one, other] = endsOf(key);
      graph.addEdgeWithKey(String(key), String(one), String(other), {
        size: (lit ? 1.5 : 0.5) + Math.log1p(number) / 3, color: lit ? strong : faint,
      });
    }
  };

  /* Adds the other lines at once: each time that some are drawn costs as much as all of them. */
  const addTheOthers = () => {
    const own = turn;
    whenIdle(() => {
      if (own !== turn) return;
      addLines(waiting.length);
      onceShown(() => { section.dataset.whole ||= Math.round(performance.now()); });
    });
  };

  /* Draws the lines that are lit and the strongest ones now, the others in idle time. */
  const drawEdges = () => {
    turn += 1;
    graph.clearEdges();
    const found = lines(), near = drawNodes(found);
    waiting = [];
    for (const [key, number] of found) {
      if (!near || endsOf(key).every((node) => near.has(node))) waiting.push([key, number, isLit(key)]);
    }
    byId("counts").textContent = `${count.format(near ? near.size : data.names.length)} parties, `
      + `${count.format(waiting.length)} pairs of parties with payments between them. `
      + "Drag to move, the wheel enlarges, a click shows a party.";
    if (waiting.length > FIRST) waiting.sort((a, b) => b[2] - a[2] || b[1] - a[1]);
    addLines(FIRST);
    if (sigma) addTheOthers();
  };

  const legend = () => {
    const names = [["accounts and departments", "own"], ["vendors", "vendor"],
      ["customers", "customer"], ["employees", "employee"]];
    byId("legend").replaceChildren(...(byId("colours").value === "kind" ? names : []).map(
      ([text, name]) => Object.assign(document.createElement("span"), { textContent: text, className: name })));
  };

  const dealings = (node) => {
    const sums = new Map();
    for (let at = 0; at < data.source.length; at += 1) {
      const outgoing = data.source[at] === node;
      if (!outgoing && data.target[at] !== node) continue;
      const other = outgoing ? data.target[at] : data.source[at];
      const key = `${other} ${outgoing} ${data.currency[at]}`;
      const sum = sums.get(key) || { other, outgoing, currency: data.currencies[data.currency[at]], amount: 0, count: 0 };
      sum.amount += data.amount[at];
      sum.count += data.count[at];
      sums.set(key, sum);
    }
    return [...sums.values()].sort((a, b) => b.amount - a.amount);
  };

  const pin = (node) => {
    if (!pinned.delete(node)) pinned.add(node);
    showPinned();
    show(chosen, false);
  };

  const showPinned = () => byId("pinned").replaceChildren(...[...pinned].map((node) => {
    const name = element("button", { type: "button", className: "plain", textContent: data.names[node] });
    name.addEventListener("click", () => show(node));
    const off = element("button", { type: "button", className: "plain", textContent: "unpin" });
    off.setAttribute("aria-label", `Unpin ${data.names[node]}`);
    off.addEventListener("click", () => pin(node));
    return element("li", { className: "tag" }, name, " ", off);
  }));

  const show = (node, move = true) => {
    showPanel(node, move);
    drawEdges();
    remember();
  };

  const showPanel = (node, move = true) => {
    if (node !== chosen) { path = new Set(); pathTo = null; }
    chosen = node;
    const panel = byId("panel");
    panel.hidden = node === null;
    if (node !== null) {
      const id = data.id(node), sums = dealings(node);
      const list = element("ul", {}, ...sums.slice(0, 8).map((sum) => {
        const button = element("button", { type: "button", className: "plain", textContent: data.names[sum.other] });
        button.addEventListener("click", () => show(sum.other));
        return element("li", {}, sum.outgoing ? "pays " : "paid by ", button,
          ` ${sum.currency} ${money.format(sum.amount)} in ${count.format(sum.count)} payment${sum.count === 1 ? "" : "s"}`);
      }));
      const hold = element("button", { type: "button", textContent: pinned.has(node) ? "Unpin" : "Pin" });
      hold.id = "pin";
      hold.addEventListener("click", () => pin(node));
      const close = element("button", { type: "button", textContent: "Close" });
      close.addEventListener("click", () => show(null));
      const to = element("input", { id: "path-to" });
      to.setAttribute("list", "parties");
      const go = element("button", { type: "button", textContent: "Find the path" });
      go.addEventListener("click", () => findPath(node, nodeOf(to.value)));
      panel.replaceChildren(
        element("h3", { textContent: data.names[node] }), element("p", { className: "note", textContent: kindNames[data.kinds[node]] || data.kinds[node] }),
        element("p", {}, element("a", { href: `/parties/${id}/`, textContent: "Its page" }), " · ",
          element("a", { href: `/explore/${id}/`, textContent: "Its surroundings" })),
        list, element("div", { className: "row" }, element("label", {}, "Path to ", to), go),
        element("div", { id: "path-found" }), element("div", { className: "row" }, hold, close));
      if (move && sigma) {
        const place = sigma.getNodeDisplayData(String(node));
        if (place) sigma.getCamera().animate({ x: place.x, y: place.y, ratio: 0.25 }, { duration: 300 });
      }
    }
  };

  const nodeOf = (text) => {
    const wanted = text.trim().toLowerCase();
    const exact = data.names.findIndex((name) => name.toLowerCase() === wanted);
    if (exact >= 0 || !wanted) return exact;
    return data.names.findIndex((name) => name.toLowerCase().includes(wanted));
  };

  const findPath = async (from, to) => {
    const found = byId("path-found");
    if (to < 0) { found.textContent = "There is no such party."; return; }
    const query = new URLSearchParams({ source: data.id(from), target: data.id(to) });
    const response = await fetch(`/api/v1/graph/paths/?${query}`, { headers: { Accept: "application/json" } });
    const answer = await response.json();
    if (!response.ok || !answer.found) {
      found.textContent = answer.detail || "There is no path.";
      return;
    }
    pathTo = to;
    const index = new Map(data.names.map((_, node) => [data.id(node), node]));
    path = new Set(answer.hops.map((hop) => {
      const [one, other] = [index.get(hop.source.id), index.get(hop.target.id)].sort((a, b) => a - b);
      return one * data.names.length + other;
    }));
    found.replaceChildren(element("ol", {}, ...answer.hops.map((hop) => element("li", {},
      `${hop.source.name} ${hop.forward ? "→" : "←"} `,
      element("a", { href: `/payments/${hop.id}/`, textContent: hop.target.name })))));
    drawEdges();
    remember();
  };

  const save = () => {
    addLines(waiting.length);
    sigma.once("afterRender", () => {
      const canvases = [...byId("canvas").querySelectorAll("canvas")];
      const whole = document.createElement("canvas");
      Object.assign(whole, { width: canvases[0].width, height: canvases[0].height });
      const context = whole.getContext("2d");
      context.fillStyle = style("--ground");
      context.fillRect(0, 0, whole.width, whole.height);
      canvases.forEach((canvas) => context.drawImage(canvas, 0, 0, whole.width, whole.height));
      whole.toBlob((blob) => {
        const link = element("a", { href: URL.createObjectURL(blob), download: "finley-graph.png" });
        link.click();
        URL.revokeObjectURL(link.href);
      });
    });
    sigma.refresh();
  };

  const showTime = () => {
    for (const [slider, shown] of [["time-from", "from-shown"], ["time", "time-shown"]]) {
      byId(shown).textContent = day(new Date(Number(byId(slider).value) * DAY));
    }
  };

  const copyLink = async () => {
    const button = byId("link");
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "The link is copied";
    } catch {
      button.textContent = "Copy it from the address bar";
    }
  };

  /* Whether the processor draws, not a graphics card: then few lines can move smoothly. */
  const isSoftware = () => {
    const gl = document.createElement("canvas").getContext("webgl2");
    const names = gl && gl.getExtension("WEBGL_debug_renderer_info");
    return !names || /swiftshader|llvmpipe|software/i.test(gl.getParameter(names.UNMASKED_RENDERER_WEBGL));
  };

  /* The answer; a busy server is asked again. */
  const asked = async (address) => {
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(address);
      if (response.status !== 503 || attempt === 4) return response;
      byId("counts").textContent = "The server is busy. It is asked again in some seconds.";
      await new Promise((resolve) => setTimeout(resolve, 5000 * attempt));
    }
  };

  /* Names that the fields for parties suggest. */
  const suggest = () => byId("parties").replaceChildren(
    ...data.names.slice(0, 2000).map((name) => element("option", { value: name })));

  const start = async () => {
    section.hidden = false;
    const began = performance.now();
    const response = await asked(section.dataset.src);
    if (!response.ok) { byId("counts").textContent = "The graph could not be read. Load the page again."; return; }
    data = globalThis.finleyPicture(await response.arrayBuffer());
    const last = data.last.reduce((a, b) => Math.max(a, b), 0);
    const first = data.first.reduce((a, b) => Math.min(a, b), last);
    Object.assign(byId("time"), { min: first, max: last, value: state.get("until") || last });
    Object.assign(byId("time-from"), { min: first, max: last, value: state.get("from") || first });
    byId("near").checked = state.has("near");
    byId("colours").value = state.get("colours") || "kind";
    byId("least").value = state.get("least") || "";
    const byPermalink = new Set([state.get("party"), state.get("path"), ...(state.get("pin") || "").split(",")]);
    const named = new Map();
    if ([...byPermalink].some(Boolean)) {
      data.names.forEach((_, at) => { if (byPermalink.has(data.id(at))) named.set(data.id(at), at); });
    }
    (state.get("pin") || "").split(",").filter((id) => named.has(id)).forEach((id) => pinned.add(named.get(id)));
    const target = named.get(state.get("path")), node = named.get(state.get("party"));
    chosen = node ?? null;
    build();
    drawEdges();
    sigma = new globalThis.Sigma(graph, byId("canvas"), {
      settings: {
        itemSizesReference: "screen", hideEdgesOnMove: data.source.length > (isSoftware() ? 1000 : 20000), labelRenderedSizeThreshold: 7,
        labelDensity: 0.4, maxCameraRatio: 3, minEdgeThickness: 0.4,
      },
      styles: {
        nodes: {
          ...globalThis.Sigma.DEFAULT_STYLES.nodes, labelColor: { attribute: "labelColour", defaultValue: style("--text") },
          visibility: { attribute: "visibility", defaultValue: "visible" },
          labelVisibility: {
            whenState: "isHovered", then: "visible", else: { attribute: "labelVisibility", defaultValue: "auto" },
          },
        },
        edges: globalThis.Sigma.DEFAULT_STYLES.edges,
      },
    });
    onceShown(() => {
      section.dataset.drawn = Math.round(performance.now());
      addTheOthers();
      whenIdle(suggest);
    });
    showPinned();
    showPanel(chosen);
    remember();
    if (node !== undefined && target !== undefined) findPath(node, target);
    legend();
    showTime();
    sigma.on("clickNode", ({ node: key }) => show(Number(key), false));
    sigma.on("clickStage", () => show(null));
    byId("find-party").addEventListener("change", (event) => {
      const at = nodeOf(event.target.value);
      if (at >= 0) show(at);
    });
    byId("colours").addEventListener("change", () => {
      colourNodes();
      legend();
      remember();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
    byId("least").addEventListener("change", () => { drawEdges(); remember(); });
    for (const id of ["time", "time-from"]) {
      byId(id).addEventListener("input", showTime);
      byId(id).addEventListener("change", () => { drawEdges(); remember(); });
    }
    byId("near").addEventListener("change", () => { drawEdges(); remember(); });
    byId("link").addEventListener("click", copyLink);
    byId("reset").addEventListener("click", () => { show(null); sigma.getCamera().animatedReset(); });
    byId("png").addEventListener("click", save);
    section.dataset.milliseconds = Math.round(performance.now() - began);
    section.dataset.ready = "yes";
  };

  start();
})();
