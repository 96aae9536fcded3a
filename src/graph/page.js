"use strict";
// Returns the player of the element `root`, which holds the controls, the picture and the steps of a page. It plays the values, one
// operation at a time, then the gradients, one operation at a time backward. `root` hears of every step by an event `step`.
const player = (root) => {
  const element = (name) => root.querySelector(`.${name}`);
  const short = (x) => (x === 0 || !isFinite(x) || (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e7) ? x.toFixed(4) : x.toExponential(4).replace("e+", "e"));
  let graph, boxes, ways, steps, seed;
  let current = 0;
  let timer = null;

  // What a node is called in a formula.
  const called = (n) => {
    const { name, equation, operation } = graph.nodes[n];
    return operation && name === equation ? `(${name})` : name;
  };

  // The gradients after some steps, and the sums on the way to them at the last one.
  const gradients = (step) => {
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
  };

  const explain = (step, { sums, lines }) => {
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
  };

  // Says in words what the picture shows, of graphs that are not too large to be heard.
  const describe = ({ sums }, reached) => {
    const shown = graph.nodes.flatMap((node, n) => (!node.operation || reached.has(n) ? [`${called(n)} ${node.value}, gradient ${short(sums[n])}`] : []));
    const others = shown.splice(40).length;
    const text = `Graph of ${called(graph.output)}: ${shown.join("; ")}${others > 0 ? `; and ${others} others` : ""}`;
    element("picture").querySelector("svg").setAttribute("aria-label", text);
  };

  const show = (step) => {
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
    describe(state, reached);
    element("slider").value = current;
    element("count").textContent = `${current + 1} of ${steps.length}`;
    for (const name of ["first", "back"]) element(name).disabled = current === 0;
    for (const name of ["next", "last"]) element(name).disabled = current === steps.length - 1;
    root.dispatchEvent(new CustomEvent("step", { detail: current }));
  };

  // Shows a step that the reader asked for, where the reader sees it.
  const visit = (step) => {
    show(step);
    const { node } = steps[current];
    if (node !== undefined) boxes[node].scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  const play = (on) => {
    clearInterval(timer);
    timer = null;
    if (on) {
      if (current === steps.length - 1) visit(0);
      const pause = Math.max(60, Math.min(900, 40000 / steps.length));
      timer = setInterval(() => (current === steps.length - 1 ? play(false) : visit(current + 1)), pause);
    }
    element("play").textContent = timer ? "Pause" : "Play";
  };

  // Reads the picture and the steps, and shows one of them; those beyond the last are the last.
  const load = (step) => {
    graph = JSON.parse(element("steps").textContent);
    boxes = [...root.querySelectorAll("[data-node]")];
    ways = new Map([...root.querySelectorAll("[data-arrow]")].map((way) => [way.dataset.arrow, way]));
    const operations = graph.nodes.flatMap((node, n) => (node.operation ? [n] : []));
    steps = [
      { kind: "inputs" },
      ...operations.map((node) => ({ kind: "value", node })),
      { kind: "seed", node: graph.output },
      ...operations.toReversed().map((node) => ({ kind: "gradient", node })),
    ];
    seed = 1 + operations.length;
    element("slider").max = steps.length - 1;
    show(step);
  };

  const go = (step) => {
    play(false);
    visit(step);
  };
  const actions = {
    first: () => go(0),
    back: () => go(current - 1),
    play: () => play(!timer),
    next: () => go(current + 1),
    last: () => go(steps.length - 1),
  };
  for (const [name, action] of Object.entries(actions)) element(name).addEventListener("click", action);
  element("slider").addEventListener("input", (event) => go(Number(event.target.value)));
  const keys = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", " ": "play" };
  root.addEventListener("keydown", (event) => {
    const own = event.target.closest("input") || (event.target.closest("button") && event.key === " ");
    if (keys[event.key] && !own) {
      event.preventDefault();
      actions[keys[event.key]]();
    }
  });
  return { load };
};
