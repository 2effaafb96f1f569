/* Sends files in pieces to the API, with progress. Where the connection or the session is lost, the rest is sent
   when it is back; a file that is chosen again after the page was closed goes on where it stopped. */
(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const { ask, tell, Refused } = globalThis.finleyApi;
  const list = document.getElementById("progress");
  const most = Number(form.dataset.most);
  const TRIES = Number(form.dataset.tries || 5);

  const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const mayHelpLater = (error) => error instanceof TypeError || error.status >= 500 || error.status === 409;
  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  const persistent = async (method, path, content) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await ask(method, path, content);
      } catch (error) {
        if (!mayHelpLater(error) || attempt >= TRIES || !navigator.onLine) throw error;
        await pause(2 ** attempt / 4);
      }
    }
  };

  /* A file of the same name, size and time of change is the same file. */
  const kept = {
    key: (file) => `upload ${document.body.dataset.tenant} ${file.name} ${file.size} ${file.lastModified}`,
    get: (file) => localStorage.getItem(kept.key(file)),
    set: (file, id) => localStorage.setItem(kept.key(file), id),
    forget: (file) => localStorage.removeItem(kept.key(file)),
  };

  /* One key for each file until its upload is known, so that no lost answer begins a second one. */
  const keys = new Map();
  const keyOf = (file) => {
    const random = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(16)).join("-");
    if (!keys.has(file)) keys.set(file, random());
    return keys.get(file);
  };

  /* The upload of this file: one that was interrupted, or a new one. */
  const begun = async (file) => {
    const id = kept.get(file);
    if (id) {
      try {
        const upload = await persistent("GET", `uploads/${id}/`);
        if (upload.state !== "failed") return upload;
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 404) throw error;
      }
    }
    const json = { name: file.name, size: file.size };
    const upload = await persistent("POST", "uploads/", { json, key: keyOf(file) });
    kept.set(file, upload.id);
    keys.delete(file);
    return upload;
  };

  const sendRest = async (file, show) => {
    const upload = await begun(file);
    let missing = upload.missing, left = missing.length;
    show(upload.pieces - left, upload.pieces);
    while (missing.length) {
      let answer = null;
      for (const number of missing) {
        const bytes = file.slice(number * upload.piece_bytes, (number + 1) * upload.piece_bytes);
        answer = await persistent("PUT", `uploads/${upload.id}/pieces/${number}/`, { bytes });
        left = answer.missing.length;
        show(upload.pieces - left, upload.pieces);
      }
      missing = answer.missing;
    }
    kept.forget(file);
    return upload.id;
  };

  const again = (item, error) => new Promise((resolve) => {
    const said = element("p"), button = element("button", { type: "button", textContent: "Send the rest" });
    tell(said, error, "send the rest");
    item.append(said, button);
    const go = () => {
      removeEventListener("online", go);
      said.remove();
      button.remove();
      resolve();
    };
    button.addEventListener("click", go);
    if (!error.ended) addEventListener("online", go);
  });

  const upload = async (file) => {
    const bar = element("progress", { max: 1, value: 0 }), text = element("span");
    const item = element("li", {}, element("label", {}, `${file.name} `, bar), " ", text);
    list.append(item);
    const show = (done, all) => {
      Object.assign(bar, { max: all, value: done });
      text.textContent = `${Math.round((100 * done) / all)} %`;
    };
    for (;;) {
      try {
        if (file.size > most) throw new Error(`The file has ${Math.ceil(file.size / 1e6)} MB; ${most / 1e6} MB is the most: split it, or compress it with gzip.`);
        return await sendRest(file, show);
      } catch (error) {
        if (!mayHelpLater(error) && !error.ended) {
          tell(text, error, "");
          return null;
        }
        await again(item, error);
      }
    }
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button:not([type])");
    button.disabled = true;
    list.replaceChildren();
    const ids = [];
    for (const file of form.elements.files.files) ids.push(await upload(file));
    button.disabled = false;
    if (ids.length && ids.every(Boolean)) {
      location.assign(ids.length === 1 ? `/import/${ids[0]}/` : form.action);
    }
  });

  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.elements.files.files = event.dataTransfer.files;
    form.requestSubmit();
  });
})();
