// Words and elements.

// element makes an element; text goes in as text, never as markup.
function element(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else if (name in made && !name.includes("-") && name !== "list") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((c) => c !== null && c !== undefined));
  return made;
}

// breakable lets a long name go on in the next line after a comma.
const breakable = (name) => name.split(/(?<=,)/).flatMap((part, i) => (i ? [element("wbr"), part] : [part]));

// ownParts are names of experiments without the parameters that all of them share.
function ownParts(list) {
  const parts = list.map((name) => name.split(",")), unique = new Set(list).size > 1;
  const own = parts.map((p) => p.filter((part) => !unique || !parts.every((q) => q.includes(part))));
  return new Map(list.map((name, i) => [name, own[i].join(", ") || name]));
}

// widthOf is the width of a text in a font of so many pixels.
const ruler = document.createElement("canvas").getContext("2d");
function widthOf(text, size) {
  ruler.font = `${size}px system-ui, sans-serif`;
  return ruler.measureText(text).width;
}

// spell writes a number with so many digits, without an exponent where that reads better.
function spell(v, digits = 4) {
  if (Number.isNaN(v)) return "NaN";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  const size = Math.abs(v);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6) ? v.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e") : String(Number(v.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

// spellAll writes the numbers at an axis with as few digits as tell them apart and round none by more than a fiftieth of the least distance between two.
function spellAll(values) {
  const sorted = [...new Set(values)].sort((a, b) => a - b), least = Math.min(...sorted.slice(1).map((v, i) => v - sorted[i]));
  for (let digits = 3; ; digits++) {
    const words = values.map((v) => spell(v, digits));
    if (digits > 9 || (new Set(words).size === words.length && values.every((v) => Math.abs(Number(v.toPrecision(digits)) - v) <= least / 50))) return words;
  }
}

// choice is a labelled select; options are [value, label] or {group, options}.
function choice(label, options, value, onchange) {
  const select = element("select", { onchange: () => onchange(select.value) });
  const add = (parent, list) => {
    for (const o of list) {
      if (o.group) {
        const group = element("optgroup", { label: o.group });
        add(group, o.options);
        parent.append(group);
      } else {
        parent.append(element("option", { value: o[0], selected: o[0] === value }, o[1]));
      }
    }
  };
  add(select, options);
  return element("label", { class: "control" }, element("span", {}, label), select);
}

// menu is a list of controls that opens below its name; Escape and a click elsewhere close it.
function menu(name, ...controls) {
  const made = element("details", { class: "menu" }, element("summary", {}, name), element("div", { class: "picks" }, ...controls));
  document.addEventListener("pointerdown", (event) => { if (!made.contains(event.target)) made.open = false; });
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    made.open = false;
    made.firstChild.focus();
  });
  return made;
}

// tick is a labelled checkbox.
function tick(label, checked, onchange) {
  const box = element("input", { type: "checkbox", checked, onchange: () => onchange(box.checked) });
  return element("label", {}, box, ` ${label}`);
}

// refill replaces the controls in an element; the focus stays on the control in the same place.
function refill(parent, ...controls) {
  const fields = () => [...parent.querySelectorAll("select, input")], at = fields().indexOf(document.activeElement);
  parent.replaceChildren(...controls);
  fields()[at]?.focus({ preventScroll: true });
}

function button(label, onclick, properties) {
  return element("button", { type: "button", onclick, ...properties }, label);
}

// announce tells people who listen to the page what has changed.
const announcer = element("p", { class: "unseen", role: "status", "aria-live": "polite" });
let announcing = 0;
function announce(text) {
  clearTimeout(announcing);
  announcing = setTimeout(() => { announcer.textContent = text; }, 250);
}

// themed are the page's colours for what is drawn on a canvas.
function themed() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return { ink: of("ink"), soft: of("soft"), line: of("line"), ground: of("card"), hatch: of("hatch"), over: of("over"), link: of("link"), warn: of("warn") };
}
