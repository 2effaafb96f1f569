/* On a narrow screen, scrolls each chart of months to where its expected months begin. */
(() => {
  const show = (region) => {
    const ahead = region.querySelector("rect.ahead");
    if (!ahead) return;
    const left = ahead.getBoundingClientRect().left - region.getBoundingClientRect().left;
    region.scrollLeft += left - region.clientWidth / 2;
  };

  document.querySelectorAll(".wide.cash").forEach((region) => {
    show(region);
    region.closest("details")?.addEventListener("toggle", () => show(region), { once: true });
  });
})();
