// What axe can judge a page by, without its words: pages of one outline get one verdict.
// A label without words, another colour, a box that scrolls or a button that is crowded in one
// language only makes another outline, and axe looks again.
() => {
  const WORDS = new Set([
    "action", "alt", "aria-description", "aria-label", "aria-placeholder", "aria-roledescription",
    "aria-valuetext", "content", "datetime", "href", "label", "placeholder", "src", "title", "value",
  ]);
  const LOOKS = [
    "display", "visibility", "opacity", "position", "clip", "clipPath", "color", "backgroundColor",
    "backgroundImage", "fontSize", "fontWeight", "textDecorationLine", "textShadow", "outlineStyle",
  ];
  const PRESSED = "a[href], button, input, select, textarea, summary, [tabindex], [role=button]";
  const words = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  const byId = (one, id) => one.getRootNode().getElementById(id)?.textContent ?? "";
  const under = (root) => [...root.querySelectorAll("*")].flatMap((one) =>
    one.shadowRoot ? [one, ...under(one.shadowRoot)] : [one]);
  const targets = under(document).filter((one) => one.matches(PRESSED))
    .map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => box.width && box.height);

  // WCAG 2.5.8: around the middle of what is smaller than 24 px nothing else may be within 12 px.
  const crowded = new Set(targets.filter(([, box]) => box.width < 24 || box.height < 24)
    .filter(([one, { x, y, width, height }]) => targets.some(([other, box]) => {
      const away = (middle, from, to) => Math.max(from - middle, 0, middle - to);
      return other !== one && Math.hypot(
        away(x + width / 2, box.left, box.right), away(y + height / 2, box.top, box.bottom)) < 12;
    })).map(([one]) => one));

  const scrolls = (one, style) =>
    (/auto|scroll/.test(style.overflowX) && one.scrollWidth > one.clientWidth) ||
    (/auto|scroll/.test(style.overflowY) && one.scrollHeight > one.clientHeight);

  const saysWhatIsSeen = (one) => {
    const ids = one.getAttribute("aria-labelledby");
    const name = ids ? ids.split(/\s+/).map((id) => byId(one, id)).join(" ")
      : one.getAttribute("aria-label");
    return name === null ? "" : words(name).includes(words(one.textContent));
  };

  const attribute = (one, { name, value }) => {
    if (/^(data|hx|sse)-/.test(name) || name === "class") return "";
    // The menu of languages marks another entry in each language.
    if (one.closest(".hv-languages") && /^(lang|hreflang|aria-current)$/.test(name)) return "";
    if (one === document.documentElement && name === "lang") return "";
    const kept = !WORDS.has(name) || (name === "href" && value.startsWith("#"));
    return ` ${name}=${kept ? value : words(value) ? "…" : ""}`;
  };

  const outline = (one) => {
    if (one.nodeType === Node.TEXT_NODE) return words(one.data) ? "…" : "";
    if (one.nodeType !== Node.ELEMENT_NODE || one.matches("script, style, link")) return "";
    const style = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    const seen = [
      ...LOOKS.map((name) => (one.closest(".hv-languages") ? "" : style[name])),
      box.width > 0 && box.height > 0, scrolls(one, style), crowded.has(one), saysWhatIsSeen(one),
    ];
    const inside = [...(one.shadowRoot?.childNodes ?? []), ...one.childNodes].map(outline);
    if (one.matches(".hv-languages")) inside.sort();
    const attributes = [...one.attributes].map((each) => attribute(one, each)).join("");
    return `<${one.localName}${attributes}|${seen.join(";")}>${inside.join("")}</>`;
  };
  return outline(document.documentElement);
}
