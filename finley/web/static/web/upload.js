/* Sends files in pieces, with progress. A piece that got lost is sent again; the page waits for the network. */
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const tenant = form.querySelector("[name=tenant]").value;
  const list = document.getElementById("progress");
  const most = Number(form.dataset.most);
  const TRIES = 8;

  const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

  const send = async (address, options) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await fetch(address, {
          ...options, redirect: "manual", headers: { "X-CSRFToken": token },
        });
        if (response.type === "opaqueredirect") throw new Error("Your session has ended: sign in again, then send the file again.");
        if (response.status < 500) return response;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      if (attempt === TRIES) throw new Error("The connection is lost. What was sent is kept for a week, but this file has to be sent again.");
      await pause(Math.min(2 ** attempt / 2, 20));
    }
  };

  const reason = async (response) => {
    const isProblem = (response.headers.get("content-type") || "").startsWith("application/problem+json");
    return isProblem ? (await response.json()).detail : `It was refused (${response.status}).`;
  };

  const line = (file) => {
    const item = document.createElement("li");
    const label = document.createElement("label");
    const bar = document.createElement("progress");
    const text = document.createElement("span");
    label.textContent = `${file.name} `;
    bar.max = Math.max(file.size, 1);
    bar.value = 0;
    label.append(bar);
    item.append(label, " ", text);
    list.append(item);
    return { bar, text };
  };

  const upload = async (file) => {
    const { bar, text } = line(file);
    try {
      if (file.size > most) throw new Error(`The file has ${Math.ceil(file.size / 1e6)} MB; ${most / 1e6} MB is the most.`);
      const begun = await send(form.dataset.begin, {
        method: "POST", body: new URLSearchParams({ tenant, name: file.name, size: file.size }),
      });
      if (!begun.ok) throw new Error(await reason(begun));
      const target = await begun.json();
      let missing = [...Array(Math.ceil(file.size / target.piece)).keys()];
      while (missing.length) {
        for (const number of missing) {
          const piece = file.slice(number * target.piece, (number + 1) * target.piece);
          const response = await send(`${target.address}pieces/${number}/`, { method: "PUT", body: piece });
          if (!response.ok) throw new Error(await reason(response));
          bar.value = Math.min((number + 1) * target.piece, file.size);
          text.textContent = `${Math.round((100 * bar.value) / file.size)} %`;
        }
        const received = await send(`${target.address}received/`, { method: "POST" });
        if (!received.ok) throw new Error(await reason(received));
        missing = (await received.json()).missing;
      }
      return target.address;
    } catch (error) {
      text.textContent = error.message;
      text.className = "message error";
      text.setAttribute("role", "alert");
      return null;
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    const addresses = [];
    for (const file of form.elements.files.files) addresses.push(await upload(file));
    button.disabled = false;
    if (addresses.length && addresses.every(Boolean)) {
      location.assign(addresses.length === 1 ? addresses[0] : form.action);
    }
  });

  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.elements.files.files = event.dataTransfer.files;
    form.requestSubmit();
  });
})();
