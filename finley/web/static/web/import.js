/* Sends the forms of an import to the API, so that a refusal or an ended session loses nothing. */
(() => {
  const { ask, tell } = globalThis.finleyApi;

  const changed = (fieldset) => [...fieldset.querySelectorAll("input[name^=cells]")];
  const rowsOf = (form) => {
    const fieldsets = [...form.querySelectorAll("fieldset[data-line]")];
    const isDropped = (fieldset) => fieldset.querySelector("input[name=drop]").checked;
    return {
      rows: fieldsets
        .filter((fieldset) => !isDropped(fieldset))
        .filter((fieldset) => changed(fieldset).some((input) => input.value !== input.defaultValue))
        .map((fieldset) => ({
          line: Number(fieldset.dataset.line), cells: changed(fieldset).map((input) => input.value),
        })),
      drop: fieldsets.filter(isDropped).map((fieldset) => Number(fieldset.dataset.line)),
    };
  };

  const choicesOf = (form) => {
    const choices = {};
    for (const [name, value] of new FormData(form)) {
      const text = name === "currency" ? value.trim().toUpperCase() : value.trim();
      if (name !== "csrfmiddlewaretoken" && text) choices[name] = text;
    }
    const { new_account: account, ...others } = choices;
    return account ? { ...others, account } : others;
  };

  const inWords = (answer, dropped) => {
    const numbers = [
      [answer.rows_stored, "stored"], [answer.rows_updated, "updated"],
      [answer.rows_unchanged, "there already"], [answer.rows_rejected, "still not readable"],
      [dropped, "forgotten"],
    ];
    const said = numbers.filter(([number]) => number).map(([number, word]) => `${number} ${word}`);
    return `Of the rows that you sent: ${said.join(", ")}.`;
  };

  /* Shows the file's page anew, and a sentence above it. */
  const refresh = async (sentence) => {
    await globalThis.htmx.ajax("GET", location.pathname, { target: "#upload", select: "#upload", swap: "outerHTML" });
    if (!sentence) return;
    const said = document.createElement("p");
    Object.assign(said, { className: "message success", textContent: sentence, tabIndex: -1 });
    said.setAttribute("role", "status");
    document.querySelector("#upload h1").after(said);
    said.focus();
  };

  const send = {
    choices: async (form) => {
      await ask("POST", form.dataset.path, { json: choicesOf(form) });
      await refresh();
    },
    confirm: async (form) => {
      const save = form.elements.save_mapping;
      await ask("POST", form.dataset.path, { json: { save_mapping: Boolean(save && save.checked) } });
      await refresh();
    },
    discard: async (form) => {
      await ask("DELETE", form.dataset.path);
      location.assign("/import/");
    },
    mend: async (form) => {
      const body = rowsOf(form);
      if (!body.rows.length && !body.drop.length) throw new Error("No cell was changed, and no row was chosen.");
      const answer = await ask("POST", form.dataset.path, { json: body });
      await refresh(inWords(answer, body.drop.length));
    },
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-api]");
    if (!form || !globalThis.htmx) return;
    event.preventDefault();
    const button = form.querySelector("button:not([type])");
    button.disabled = true;
    try {
      form.querySelector("[data-refusal]")?.remove();
      await send[form.dataset.api](form);
    } catch (error) {
      const said = document.createElement("p");
      said.dataset.refusal = "";
      button.before(said);
      tell(said, error, "send it again");
    } finally {
      button.disabled = false;
    }
  });
})();
