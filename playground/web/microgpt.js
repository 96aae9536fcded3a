"use strict";
// The tab of microgpt.
const microgptTab = (changed) => {
  const STEPS = 1000;
  const WINDOW = 50;
  let gpt = null;
  let losses = [];
  let target = 0; // the step that a link leads to
  let seed = 0; // of the samples
  let learned = ""; // the name that it learned last
  let shownAt = 0;

  const restart = () => {
    learning.run(false);
    gpt?.free();
    const of = Math.max(0, Math.floor(Number(element("gpt-seed").value))) % 2 ** 32;
    gpt = new wasm_bindgen.Names(NAMES, of);
    [losses, learned, seed] = [[], "", 0];
    const names = gpt.matrices();
    if (element("matrix").options.length === 0) element("matrix").append(...names.map((name, value) => made("option", { value, textContent: name })));
    show();
  };

  const step = () => {
    learned = gpt.step();
    losses = gpt.losses();
    return losses.length < STEPS;
  };

  const learning = loop(element("learn"), () => {
    let goes = true;
    within(14, () => (goes = step() && (target === 0 || losses.length < target)));
    if (!goes) {
      learning.run(false);
      target = 0;
    }
    showProgress();
    if (!goes || performance.now() - shownAt > 500) showName();
    changed();
  });
  element("learn").addEventListener("click", () => {
    target = 0;
    if (!learning.runs()) show();
  });

  const show = () => {
    showProgress();
    showName();
  };

  const showProgress = () => {
    drawLosses(element("gpt-losses"), [...losses], WINDOW);
    const recent = losses.slice(-WINDOW);
    const mean = recent.reduce((sum, x) => sum + x, 0) / recent.length;
    element("gpt-progress").textContent = [`step ${losses.length} of ${STEPS}`, ...(learned ? [`loss ${short(mean)}, the mean of ${recent.length}`, `read: ${learned}`] : [])].join(", ");
    element("gpt-progress").ariaLive = learning.runs() ? "off" : "polite";
  };

  // Shows what takes longer: samples, attention and the gradient.
  const showName = () => {
    shownAt = performance.now();
    element("samples").textContent = gpt.samples(12, seed).join(" ");
    const name = element("name").value;
    try {
      showAttention(name, gpt.attention(name));
      showWeights(name);
      element("name-fault").textContent = "";
    } catch (fault) {
      element("name-fault").textContent = fault;
    }
  };

  const showAttention = (name, weights) => {
    const letters = ["·", ...name];
    const n = letters.length;
    const table = (_, head) => {
      const cell = (row, column) => {
        const weight = weights[(head * n + row) * n + column];
        const cell = made("td", { textContent: column <= row ? weight.toFixed(2).replace(/^0/, "") : "" });
        cell.style.background = `color-mix(in srgb, var(--blue) ${(50 * weight).toFixed(0)}%, transparent)`;
        return cell;
      };
      const line = (letter, row) => made("tr", {}, made("th", { scope: "row", textContent: letter }), ...letters.map((_, column) => cell(row, column)));
      const scroll = made("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: `Head ${head + 1}` }, made("table", {}, made("caption", { textContent: `Head ${head + 1}` }), columns(["", ...letters]), ...letters.map(line)));
      return made("div", {}, scroll);
    };
    element("attention").replaceChildren(...Array.from({ length: weights.length / (n * n) }, table));
  };

  // The matrix: its first parameter, its rows and its columns.
  const matrix = () => {
    const shapes = gpt.shapes();
    const chosen = Number(element("matrix").value);
    let first = 0;
    for (let i = 0; i < chosen; i++) first += shapes[2 * i] * shapes[2 * i + 1];
    return [first, shapes[2 * chosen], shapes[2 * chosen + 1]];
  };

  const showWeights = (name) => {
    const [first, height, width] = matrix();
    const [row, column] = [["weight-row", height], ["weight-column", width]].map(([id, size]) => {
      const field = element(id);
      field.max = size - 1;
      field.value = Math.max(0, Math.min(size - 1, Math.floor(Number(field.value))));
      return Number(field.value);
    });
    const slopes = gpt.gradient(name).subarray(first, first + width * height);
    const canvas = element("weights");
    const size = Math.max(4, Math.min(14, Math.floor(560 / width)));
    [canvas.width, canvas.height] = [width * size, height * size];
    const context = canvas.getContext("2d");
    const most = slopes.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-300);
    slopes.forEach((slope, i) => {
      context.globalAlpha = Math.sqrt(Math.abs(slope) / most);
      context.fillStyle = color(slope > 0 ? "--red" : "--blue");
      context.fillRect((i % width) * size, Math.floor(i / width) * size, size, size);
    });
    Object.assign(context, { globalAlpha: 1, strokeStyle: color("--text"), lineWidth: 2 });
    context.strokeRect(column * size, row * size, size, size);
    const [value, ...ways] = gpt.slope(name, first + row * width + column);
    const label = element("matrix").selectedOptions[0].textContent;
    canvas.ariaLabel = `The gradient with respect to the ${height} × ${width} weights of ${label}, at most ${short(most)} in size; row ${row}, column ${column} is chosen`;
    element("weight").replaceChildren(
      columns(["Weight", "Value", "Reverse mode", "Forward mode", "Differences"]),
      ...rows([[`${label}[${row}][${column}]`, short(value), ...ways.map((x) => x.toExponential(10))]]),
    );
  };

  element("weights").addEventListener("click", (event) => {
    const [, height, width] = matrix();
    const box = event.target.getBoundingClientRect();
    element("weight-row").value = Math.floor(((event.clientY - box.top) / box.height) * height);
    element("weight-column").value = Math.floor(((event.clientX - box.left) / box.width) * width);
    showName();
    changed();
  });
  for (const id of ["name", "matrix", "weight-row", "weight-column"]) {
    element(id).addEventListener("input", () => {
      showName();
      changed();
    });
  }
  const anew = () => {
    target = 0;
    restart();
    changed();
  };
  element("gpt-seed").addEventListener("change", anew);
  element("forget").addEventListener("click", anew);
  element("learn-step").addEventListener("click", () => {
    learning.run(false);
    target = 0;
    step();
    show();
    changed();
  });
  element("sample").addEventListener("click", () => {
    seed += 1;
    showName();
    changed();
  });

  const restore = (state) => {
    element("gpt-seed").value = state.get("seed") ?? 7;
    element("name").value = state.get("name") ?? "emma";
    restart();
    element("matrix").value = state.get("matrix") ?? 0;
    element("weight-row").value = state.get("row") ?? 0;
    element("weight-column").value = state.get("column") ?? 0;
    seed = Number(state.get("samples") ?? 0);
    target = Math.min(STEPS, Number(state.get("step") ?? 0));
    showName();
    if (target > 0) learning.run(true);
  };

  const state = () => [
    ["seed", element("gpt-seed").value],
    ["step", Math.max(target, losses.length)],
    ["name", element("name").value],
    ["matrix", element("matrix").value],
    ["row", element("weight-row").value],
    ["column", element("weight-column").value],
    ["samples", seed],
  ];

  return { state, restore, hide: () => learning.run(false) };
};
