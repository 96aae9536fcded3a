"use strict";
// Starts the program, shows one tab at a time, and keeps the address.
(async () => {
  const bytes = Uint8Array.from(atob(WASM), (letter) => letter.charCodeAt(0));
  await wasm_bindgen({ module_or_path: bytes });

  let current = null;
  // The address follows a little later: browsers limit how often it changes.
  let timer = null;
  const write = () => {
    timer = null;
    const pairs = [["tab", current], ...tabs[current].state()];
    const text = pairs.map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3A", ":")}`);
    history.replaceState(null, "", `#${text.join("&")}`);
  };
  const changed = () => (timer ??= setTimeout(write, 300));

  const tabs = { expressions: expressionsTab(changed), networks: networksTab(changed), microgpt: microgptTab(changed) };
  const names = Object.keys(tabs);
  const states = new Map(); // of the tabs that are not shown

  const show = (name, state) => {
    if (current) tabs[current].hide();
    current = name;
    for (const other of names) {
      element(other).hidden = other !== name;
      element(`${other}-tab`).ariaSelected = String(other === name);
      element(`${other}-tab`).tabIndex = other === name ? 0 : -1;
    }
    tabs[name].restore(state);
    changed();
  };
  const choose = (name) => {
    if (name === current) return;
    states.set(current, new Map(tabs[current].state().map(([name, value]) => [name, String(value)])));
    show(name, states.get(name) ?? new Map());
    element(`${name}-tab`).focus();
  };
  names.forEach((name, i) => {
    const tab = element(`${name}-tab`);
    tab.addEventListener("click", () => choose(name));
    tab.addEventListener("keydown", ({ key }) => {
      const by = { ArrowRight: 1, ArrowLeft: names.length - 1 }[key];
      if (by) choose(names[(i + by) % names.length]);
    });
  });

  const restore = () => {
    const pairs = location.hash.slice(1).split("&").map((pair) => pair.split("="));
    const state = new Map();
    for (const [name, value] of pairs) {
      try {
        if (value !== undefined) state.set(name, decodeURIComponent(value));
      } catch {
        element("problem").textContent = `The address has a part that is no text: ${value}`;
      }
    }
    const tab = state.get("tab");
    show(names.includes(tab) ? tab : names[0], state);
  };
  addEventListener("hashchange", restore);
  restore();
  document.documentElement.dataset.ready = "true";
})().catch((error) => (element("problem").textContent = String(error)));
