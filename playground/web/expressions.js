"use strict";
// The tab of expressions.
const expressionsTab = (changed) => {
  const EXAMPLES = {
    "the lecture's expression": ["e = a*b\nd = e + c\nL = d*f", { a: 2, b: -3, c: 10, f: -2 }],
    "the lecture's neuron": ["n = x1*w1 + x2*w2 + b\no = n.tanh()", { x1: 2, x2: 0, w1: -3, w2: 1, b: 6.8813735870195432 }],
    "tanh in pieces": ["n = x1*w1 + x2*w2 + b\ne = (2*n).exp()\no = (e - 1) / (e + 1)", { x1: 2, x2: 0, w1: -3, w2: 1, b: 6.8813735870195432 }],
    "micrograd's expression": [
      "c = a + b\nd = a*b + b**3\nc += c + 1\nc += 1 + c + (-a)\nd += d*2 + (b + a).relu()\nd += 3*d + (b - a).relu()\ne = c - d\nf = e**2\ng = f/2.0\ng += 10.0/f",
      { a: -4, b: 2 },
    ],
    "a number used twice": ["b = a + a", { a: 3 }],
    "a probability": ["p = sigmoid(w*x + b)\nloss = -log(p)", { w: 0.5, x: 2, b: -1 }],
    "Rosenbrock's valley": ["(1 - x)**2 + 100*(y - x**2)**2", { x: -1, y: 1 }],
  };
  const formula = element("formula");
  const sweep = element("sweep");
  const body = element("numbers").tBodies[0];
  let expression = null;
  let inputs = [];
  let values = new Map(); // of all inputs that there were, so that a name that comes back has its number
  let step = Infinity;
  let right = ""; // the formula whose numbers are shown

  // Reads the formula. Where it is wrong, says so below the character, and leaves the rest as it was.
  const read = () => {
    let read;
    try {
      read = new wasm_bindgen.Expression(formula.value);
    } catch (fault) {
      const before = [...formula.value].slice(0, fault.place);
      const start = before.lastIndexOf("\n") + 1;
      const line = formula.value.split("\n")[before.filter((letter) => letter === "\n").length];
      element("fault").textContent = `${line}\n${" ".repeat(before.length - start)}^ ${fault.message}`;
      formula.setAttribute("aria-invalid", "true");
      return;
    }
    element("fault").textContent = "";
    formula.removeAttribute("aria-invalid");
    expression?.free();
    expression = read;
    right = formula.value;
    element("examples").value = Object.keys(EXAMPLES).find((name) => EXAMPLES[name][0] === right) ?? "";
    inputs = expression.inputs();
    inputs.forEach((name) => values.has(name) || values.set(name, 1));
    const along = element("along").value;
    element("along").replaceChildren(...inputs.map((name) => made("option", { textContent: name })));
    if (inputs.includes(along)) element("along").value = along;
    body.replaceChildren();
    show();
  };

  // A row of an input has a slider and a field; other rows have the value.
  const row = (name, isInput) => {
    const cells = ["value", "gradient", "forward", "differences", "tangent"].map((className) => made("td", { className }));
    if (isInput) {
      const change = ({ target }) => target.value !== "" && set(name, Number(target.value));
      for (const type of ["range", "number"]) {
        const field = made("input", { type, step: "any", ariaLabel: type === "range" ? `${name}, slider` : name });
        field.addEventListener("input", change);
        cells[0].append(field, " ");
      }
    }
    return made("tr", {}, made("th", { scope: "row", textContent: name }), ...cells);
  };

  const set = (name, value) => {
    values.set(name, value);
    show();
    changed();
  };

  const show = () => {
    if (!expression) return;
    const point = Float64Array.from(inputs, (name) => values.get(name));
    const { player, formulas, names, values: numbers, gradients, tangents } = expression.at(point, Math.max(0, element("along").selectedIndex));
    const [forward, differences] = [expression.forward(), expression.differences()];
    if (body.rows.length === 0) body.append(...names.map((name, i) => row(name, i < inputs.length)));
    names.forEach((_, i) => {
      const [value, gradient, byDuals, byDifferences, tangent] = body.rows[i].querySelectorAll("td");
      const fields = value.querySelectorAll("input");
      if (fields.length === 0) value.textContent = short(numbers[i]);
      const reach = Math.max(10, 2 * Math.abs(numbers[i]));
      for (const field of fields) {
        if (field.type === "range" && (field.max === "" || Number(field.max) < Math.abs(numbers[i]))) [field.min, field.max] = [-reach, reach];
        if (Number(field.value) !== numbers[i] || field.value === "") field.value = numbers[i];
      }
      gradient.textContent = short(gradients[i]);
      byDuals.textContent = i < inputs.length ? short(forward[i]) : "";
      byDifferences.textContent = i < inputs.length ? short(differences[i]) : "";
      tangent.textContent = short(tangents[i]);
    });
    const most = [forward, differences].map((other) => largestDifference(other, gradients.slice(0, inputs.length)).toExponential(1));
    element("agreement").textContent = inputs.length > 0 ? `Largest difference of the reverse sweep and dual numbers ${most[0]}, and differences ${most[1]}` : "";
    element("formulas").textContent = formulas;
    showPlayer(sweep, player, step);
    showSecond();
  };

  const showSecond = () => {
    const table = element("hessian");
    table.replaceChildren();
    if (!element("second").checked) return;
    const second = expression.hessian();
    const n = inputs.length;
    table.append(columns(["∂²", ...inputs]), ...rows(inputs.map((name, i) => [name, ...Array.from(second.slice(i * n, (i + 1) * n), short)])));
  };

  // An input of the graph is dragged from left to right.
  sweep.addEventListener("pointerdown", (event) => {
    const box = event.target.closest(".node.input");
    const name = box?.querySelector(".label")?.textContent;
    if (!inputs.includes(name)) return;
    const [from, start] = [event.clientX, values.get(name)];
    const move = ({ clientX }) => set(name, Math.round(100 * start + 2 * (clientX - from)) / 100);
    addEventListener("pointermove", move);
    addEventListener("pointerup", () => removeEventListener("pointermove", move), { once: true });
    event.preventDefault();
  });
  sweep.addEventListener("step", () => {
    step = playedStep(sweep);
    changed();
  });
  formula.addEventListener("input", () => {
    step = Infinity;
    read();
    changed();
  });
  element("along").addEventListener("change", () => {
    show();
    changed();
  });
  element("second").addEventListener("change", () => {
    showSecond();
    changed();
  });
  element("examples").append(...["", ...Object.keys(EXAMPLES)].map((textContent) => made("option", { textContent })));
  element("examples").addEventListener("change", ({ target }) => {
    if (target.value === "") return;
    const [text, point] = EXAMPLES[target.value];
    restore(new Map([["formula", text], ["at", Object.entries(point).map((pair) => pair.join(":")).join(",")]]));
    changed();
  });

  const restore = (state) => {
    const [text, point] = EXAMPLES["the lecture's expression"];
    formula.value = state.get("right") ?? state.get("formula") ?? text;
    const at = state.has("at") ? state.get("at").split(",").map((pair) => pair.split(":")) : state.has("formula") ? [] : Object.entries(point);
    values = new Map(at.filter(([name, value]) => name && isFinite(value)).map(([name, value]) => [name, Number(value)]));
    step = Number(state.get("step") ?? Infinity);
    element("second").checked = state.get("second") === "1";
    read();
    if (inputs.includes(state.get("along"))) {
      element("along").value = state.get("along");
      show();
    }
    if (state.has("right")) {
      formula.value = state.get("formula");
      read();
    }
  };

  const state = () => [
    ["formula", formula.value],
    ...(formula.value === right ? [] : [["right", right]]),
    ["at", inputs.map((name) => `${name}:${values.get(name)}`).join(",")],
    ...(inputs.length > 0 ? [["along", element("along").value]] : []),
    ...(step === Infinity ? [] : [["step", step]]),
    ...(element("second").checked ? [["second", 1]] : []),
  ];

  return { state, restore, hide: () => clearPlayer(sweep) };
};
