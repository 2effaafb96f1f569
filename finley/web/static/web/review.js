/* The queue by keyboard: j and k go through the cases, c confirms, d dismisses, u takes back, ? helps. */
(() => {
  const cases = () => [...document.querySelectorAll("[data-case]")];
  const typing = (target) => target.matches("input:not([type=checkbox]), textarea, select");
  const current = () => document.activeElement.closest("[data-case]");

  const go = (step) => {
    const all = cases();
    if (!all.length) return;
    const at = all.indexOf(current());
    const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  };

  const press = (name) => {
    const where = name === "undo" ? document : current();
    where?.querySelector(`button[data-key="${name}"]`)?.click();
  };

  const keys = {
    j: () => go(1),
    k: () => go(-1),
    c: () => press("confirm"),
    d: () => press("dismiss"),
    u: () => press("undo"),
    "?": () => document.getElementById("keys")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const action = keys[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });

  document.querySelectorAll("[data-all]").forEach((box) =>
    box.addEventListener("change", () =>
      document.querySelectorAll("input[name=case][form=bulk]").forEach((each) => {
        each.checked = box.checked;
      })));

  document.querySelectorAll("[data-help]").forEach((button) =>
    button.addEventListener("click", () => document.getElementById("keys").showModal()));

  if (location.hash === "#next") cases()[0]?.focus();
})();
