"use strict";
// Plays the steps: the values, one operation at a time, then the gradients, one operation at a time backward.
const graph = JSON.parse(document.getElementById("steps").textContent);
const element = (id) => document.getElementById(id);
const boxes = [...document.querySelectorAll("[data-node]")];
const ways = new Map([...document.querySelectorAll("[data-arrow]")].map((way) => [way.dataset.arrow, way]));
const short = (x) => (x === 0 || !isFinite(x) || (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e7) ? x.toFixed(4) : x.toExponential(4).replace("e+", "e"));

// What a node is called in a formula.
const called = (n) => {
  const { name, equation, operation } = graph.nodes[n];
  return operation && name === equation ? `(${name})` : name;
};

const operations = graph.nodes.flatMap((node, n) => (node.operation ? [n] : []));
const steps = [
  { kind: "inputs" },
  ...operations.map((node) => ({ kind: "value", node })),
  { kind: "seed", node: graph.output },
  ...operations.toReversed().map((node) => ({ kind: "gradient", node })),
];
const seed = 1 + operations.length;

// The gradients after some steps, and the sums on the way to them at the last one.
function gradients(step) {
  const sums = graph.nodes.map(() => 0);
  if (step >= seed) sums[graph.output] = 1;
  let lines = [];
  for (const { node } of steps.slice(seed + 1, step + 1)) {
    lines = graph.nodes[node].arrows.map((arrow) => {
      const gives = Number(arrow.gives);
      sums[arrow.from] += gives;
      return { ...arrow, gives, sum: sums[arrow.from] };
    });
  }
  return { sums, lines };
}

function explain(step, { sums, lines }) {
  const { kind, node: n } = steps[step];
  const node = graph.nodes[n];
  const by = (top, bottom) => `∂${called(top)}/∂${called(bottom)}`;
  const box = element("explanation");
  box.replaceChildren();
  const say = (text, name) => {
    const line = document.createElement("p");
    line.textContent = text;
    if (name) line.className = name;
    box.append(line);
  };
  if (kind === "inputs") {
    say("Forward: the inputs and constants are there.", "title");
  } else if (kind === "value") {
    say(`Forward: ${node.equation}`, "title");
    const of = node.arrows.map(({ from }) => `${called(from)} = ${graph.nodes[from].value}`);
    say(`of ${of.join(", ")}: ${node.value}`);
  } else if (kind === "seed") {
    say("Backward begins: the derivative of the output by itself is 1.", "title");
    say(`${by(n, n)} = 1`);
  } else {
    say(`Backward: ${node.equation}${node.rule ? `, ${node.rule}` : ""}`, "title");
    for (const { from, slope, gives, sum } of lines) {
      const product = `${by(n, from)} · ${by(graph.output, n)} = ${slope} · ${short(sums[n])} = `;
      say(`${by(graph.output, from)} += ${slope === null ? "" : product}${short(gives)}, now ${short(sum)}`);
    }
  }
}

let current = 0;
function show(step) {
  current = Math.max(0, Math.min(step, steps.length - 1));
  const { kind, node: now } = steps[current];
  const state = gradients(current);
  const reached = new Set(steps.slice(1, current + 1).map((step) => step.node));
  graph.nodes.forEach((node, n) => {
    const box = boxes[n];
    const there = !node.operation || reached.has(n);
    box.classList.toggle("off", !there);
    box.classList.toggle("now", n === now);
    const [data, grad] = [box.querySelector(".data"), box.querySelector(".grad")];
    if (data) data.textContent = there ? node.value : "·";
    if (grad) grad.textContent = short(state.sums[n]);
    node.arrows.forEach((_, place) => {
      const way = ways.get(`${n}.${place}`);
      way.classList.toggle("forth", n === now && kind === "value");
      way.classList.toggle("back", n === now && kind === "gradient");
    });
  });
  explain(current, state);
  element("slider").value = current;
  element("count").textContent = `${current + 1} of ${steps.length}`;
  for (const id of ["first", "back"]) element(id).disabled = current === 0;
  for (const id of ["next", "last"]) element(id).disabled = current === steps.length - 1;
  if (now !== undefined) boxes[now].scrollIntoView({ block: "nearest", inline: "nearest" });
}

let timer = null;
function play(on) {
  clearInterval(timer);
  timer = null;
  if (on) {
    if (current === steps.length - 1) show(0);
    const pause = Math.max(60, Math.min(900, 40000 / steps.length));
    timer = setInterval(() => (current === steps.length - 1 ? play(false) : show(current + 1)), pause);
  }
  element("play").textContent = timer ? "Pause" : "Play";
}

const go = (step) => {
  play(false);
  show(step);
};
const actions = {
  first: () => go(0),
  back: () => go(current - 1),
  play: () => play(!timer),
  next: () => go(current + 1),
  last: () => go(steps.length - 1),
};
for (const [id, action] of Object.entries(actions)) element(id).addEventListener("click", action);
element("slider").max = steps.length - 1;
element("slider").addEventListener("input", (event) => go(Number(event.target.value)));
const keys = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", " ": "play" };
document.addEventListener("keydown", (event) => {
  const own = event.target.closest("input") || (event.target.closest("button") && event.key === " ");
  if (keys[event.key] && !own) {
    event.preventDefault();
    actions[keys[event.key]]();
  }
});
show(0);
