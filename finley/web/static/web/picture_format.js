/* Numbers, amounts and days as all pages write them, colours, and elements of the page. */
globalThis.finleyFormat = (() => {
  const count = new Intl.NumberFormat("en-GB");
  const money = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  const day = (date) => `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;

  const hslToHex = (hue, saturation, light) => {
    const a = (saturation / 100) * Math.min(light / 100, 1 - light / 100);
    const part = (n) => {
      const k = (n + hue / 30) % 12;
      const value = light / 100 - a * Math.max(-1, Math.min(k - 3, 9 - k, 1));
      return Math.round(255 * value).toString(16).padStart(2, "0");
    };
    return `#${part(0)}${part(8)}${part(4)}`;
  };

  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  return { count, day, element, hslToHex, money };
})();
