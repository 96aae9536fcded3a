"use strict";
// What the tabs share. A tab is an object with
//   state()         what it shows, as pairs of a name and a text for the address
//   restore(state)  shows such pairs again, given as a Map; what is missing is the default
//   hide()          it is no longer shown

const element = (id) => document.getElementById(id);

// An element with properties and children.
const made = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const short = (x) => (x === 0 || !isFinite(x) || (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e7) ? x.toFixed(4) : x.toExponential(3));

// Rows of a table from lists of texts; the first of each row is its header.
const rows = (lists) => lists.map(([name, ...cells]) => made("tr", {}, made("th", { scope: "row", textContent: name }), ...cells.map((textContent) => made("td", { textContent }))));
const columns = (names) => made("tr", {}, ...names.map((textContent) => made("th", { scope: "col", textContent })));

// The largest of |a[i] − b[i]|; one that is NaN counts as the largest.
const largestDifference = (a, b) => a.reduce((most, x, i) => (Object.is(x, b[i]) || Math.abs(x - b[i]) <= most ? most : Math.abs(x - b[i])), 0);

// Shows the player of a graph in an element, at a step of its play. The controls and the explanation stay the same elements.
const players = new WeakMap();
const showPlayer = (root, text, step) => {
  const { body } = new DOMParser().parseFromString(text, "text/html");
  if (!players.has(root)) {
    root.replaceChildren(...[".controls", ".explanation", ".picture", ".steps"].map((part) => body.querySelector(part)));
    Object.assign(root.querySelector(".picture"), { tabIndex: 0, role: "group", ariaLabel: "The graph. Space plays it, and the arrow keys step." });
    players.set(root, player(root));
  } else {
    for (const part of [".picture", ".steps"]) root.querySelector(part).replaceChildren(...body.querySelector(part).childNodes);
  }
  players.get(root).load(step);
};

// The step that an element plays; the last one is Infinity, which stays the last when the graph changes.
const playedStep = (root) => {
  const { value, max } = root.querySelector(".slider");
  return value === max ? Infinity : Number(value);
};

// Removes a player. Two of them at a time would share the tips of their arrows.
const clearPlayer = (root) => {
  players.delete(root);
  root.replaceChildren();
};

// Calls `frame` before every repaint while it runs. The button starts and stops it.
const loop = (button, frame) => {
  let request = null;
  const names = ["Train", "Pause"];
  const run = (on) => {
    cancelAnimationFrame(request);
    request = on ? requestAnimationFrame(next) : null;
    button.textContent = names[Number(on)];
  };
  const next = () => {
    request = requestAnimationFrame(next);
    frame();
  };
  button.addEventListener("click", () => run(request === null));
  return { run, runs: () => request !== null };
};

// Calls `act` until `milliseconds` are over or it returns false.
const within = (milliseconds, act) => {
  const end = performance.now() + milliseconds;
  while (act() && performance.now() < end);
};

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Draws the losses, on a logarithmic scale, and the means of `window` of them.
const drawLosses = (canvas, losses, window) => {
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  canvas.ariaLabel = losses.length === 0 ? "The losses: no step yet" : `The losses: ${short(losses[0])} at first, ${short(losses.at(-1))} at step ${losses.length}${window > 1 ? `, and the means of ${window}` : ""}`;
  if (losses.length === 0) return;
  const logs = losses.map((x) => Math.log10(Math.max(x, 1e-12)));
  let [low, high] = [Infinity, -Infinity];
  for (const x of logs) [low, high] = [Math.min(low, x), Math.max(high, x)];
  const [left, bottom] = [56, height - 20];
  const x = (i) => left + ((width - left - 8) * i) / Math.max(1, losses.length - 1);
  const y = (log) => bottom - (bottom - 12) * (high > low ? (log - low) / (high - low) : 0.5);
  const line = (points, stroke, thickness) => {
    context.beginPath();
    points.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    Object.assign(context, { strokeStyle: stroke, lineWidth: thickness });
    context.stroke();
  };
  const stride = Math.max(1, Math.floor(losses.length / (2 * width)));
  const every = (list) => list.filter((_, i) => i % stride === 0 || i === list.length - 1);
  line(every(logs.map((log, i) => [x(i), y(log)])), color("--blue"), window > 1 ? 0.5 : 1.5);
  if (window > 1) {
    let sum = 0;
    const means = losses.map((loss, i) => {
      sum += loss - (i >= window ? losses[i - window] : 0);
      return [x(i), y(Math.log10(sum / Math.min(i + 1, window)))];
    });
    line(every(means), color("--red"), 2);
  }
  Object.assign(context, { fillStyle: color("--text"), font: "12px sans-serif", textAlign: "right" });
  context.fillText((10 ** high).toPrecision(2), left - 6, 16);
  context.fillText((10 ** low).toPrecision(2), left - 6, bottom);
  context.fillText(`loss, step ${losses.length}`, width - 8, height - 5);
};
