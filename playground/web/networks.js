"use strict";
// The tab of networks.
const networksTab = (changed) => {
  const FIELDS = "source points noise layers activation loss rule rate batch penalty seed".split(" ");
  const DEFAULTS = { source: "moons", points: 100, noise: 0.1, layers: "16,16", activation: "relu", loss: "hinge", rule: "adam", rate: 0.02, batch: 0, penalty: 0.0001, seed: 7 };
  const GRID = 40;
  const REACH = 2; // the plane is seen from −2 to 2
  const CLASSES = ["--blue", "--red", "--green"]; // six hexadecimal digits each
  const form = element("settings");
  const plane = element("plane");
  const view = element("neuron");
  const small = made("canvas", { width: GRID, height: GRID }); // the classes that the network sees, a point for each place
  const boundary = new ImageData(GRID, GRID);
  let network = null;
  let points = [];
  let own = [];
  let open = null; // the layer and the neuron that are open
  let sweep = Infinity; // the step that its graph plays
  let losses = [];
  let target = 0; // the step that a link leads to
  let cross = null; // where the arrow keys are
  let shownAt = 0; // when the open neuron was drawn
  let begun = [0, 0]; // the time and the step when the training began to run
  let owed = 0; // the steps that are due at this speed
  let framedAt = 0; // the time of the last frame
  let compared = false; // whether the derivatives in three ways are shown

  const fields = () => FIELDS.map((name) => [name, form.elements[name].value.replaceAll(" ", "")]);

  // Begins anew with the settings.
  const restart = () => {
    training.run(false);
    network?.free();
    [network, losses, points] = [null, [], []];
    const settings = [...fields(), ["own", own.map((point) => point.join(",")).join("_")]].map((pair) => pair.join("=")).join("&");
    element("refusal").textContent = "";
    try {
      network = new wasm_bindgen.Network(settings);
    } catch (refusal) {
      element("refusal").textContent = refusal;
    }
    if (network) {
      const numbers = network.points();
      for (let i = 0; i < numbers.length; i += 3) points.push(numbers.slice(i, i + 3));
    }
    element("own-points").hidden = form.elements.source.value !== "own";
    element("point").max = Math.max(0, points.length - 1);
    showComparison();
    const widths = network ? [...network.widths()] : [];
    if (open && !(open[1] < widths[open[0]])) open = null;
    const button = (layer, neuron) => {
      const button = made("button", { textContent: neuron + 1, ariaLabel: `Layer ${layer + 1}, neuron ${neuron + 1}` });
      button.addEventListener("click", () => {
        open = open?.[0] === layer && open[1] === neuron ? null : [layer, neuron];
        showOpen();
        changed();
      });
      return button;
    };
    const layer = (width, layer) => made("div", { role: "group", ariaLabel: `Layer ${layer + 1}` }, ...Array.from({ length: width }, (_, neuron) => button(layer, neuron)));
    element("neurons").replaceChildren(...widths.map(layer));
    show();
    showOpen();
  };

  // Takes a step; where there is none, says why and ends.
  const step = () => {
    try {
      losses.push(network.step());
      return true;
    } catch (refusal) {
      element("refusal").textContent = refusal;
      training.run(false);
      return false;
    }
  };

  const training = loop(element("train"), () => {
    if (!network) return training.run(false);
    if (losses.length < target) {
      within(30, () => step() && losses.length < target);
      if (losses.length >= target) {
        training.run(false);
        showComparison();
      }
    } else {
      const [now, speed] = [performance.now(), Number(element("speed").value)];
      owed = speed === 0 ? Infinity : Math.min(owed + (speed * (now - framedAt)) / 1000, speed / 5);
      framedAt = now;
      within(14, () => owed >= 1 && step() && (owed -= 1) >= 1);
    }
    show();
    if (performance.now() - shownAt > 500 || !training.runs()) showOpen();
    changed();
  });
  const begin = () => {
    begun = [performance.now(), losses.length];
    [owed, framedAt] = [0, begun[0]];
  };
  element("train").addEventListener("click", () => {
    target = losses.length;
    begin();
    hideComparison();
    if (!training.runs()) {
      show();
      showOpen();
    }
  });

  const show = () => {
    drawPlane();
    drawLosses(element("losses"), losses, 1);
    if (!network) return (element("progress").textContent = "");
    const per = (1000 * (losses.length - begun[1])) / (performance.now() - begun[0]);
    const parts = [
      `${network.parameters()} parameters`,
      `step ${losses.length}`,
      ...(losses.length > 0 ? [`loss ${short(losses.at(-1))}`] : []),
      `${(100 * network.accuracy()).toFixed(1)} % right`,
      ...(training.runs() && losses.length > begun[1] ? [`${per.toFixed(0)} steps a second`] : []),
    ];
    element("progress").textContent = parts.join(", ");
    element("progress").ariaLive = training.runs() ? "off" : "polite";
    plane.ariaLabel = `The plane from −${REACH} to ${REACH}, with ${points.length} points and the classes that the network sees: ${parts.find((part) => part.endsWith("right"))}. Arrow keys move a cross; Enter adds a point, or chooses the nearest.`;
  };

  const onCanvas = (x, y) => [((x + REACH) / (2 * REACH)) * plane.width, ((REACH - y) / (2 * REACH)) * plane.height];

  const drawPlane = () => {
    const context = plane.getContext("2d");
    context.fillStyle = color("--ground");
    context.fillRect(0, 0, plane.width, plane.height);
    const fills = CLASSES.map(color);
    if (network) {
      const outputs = network.grid(GRID);
      const width = outputs.length / GRID ** 2;
      for (let i = 0; i < GRID ** 2; i++) {
        const row = outputs.subarray(width * i, width * (i + 1));
        let [best, sure] = [Number(row[0] > 0), Math.abs(row[0])];
        if (width > 1) {
          const [first, second] = [...row].sort((a, b) => b - a);
          [best, sure] = [row.indexOf(first), first - second];
        }
        const rgb = [1, 3, 5].map((at) => parseInt(fills[best].slice(at, at + 2), 16));
        boundary.data.set([...rgb, 255 * (0.08 + 0.4 * Math.tanh(sure))], 4 * i);
      }
      small.getContext("2d").putImageData(boundary, 0, 0);
      context.drawImage(small, 0, 0, plane.width, plane.height);
    }
    points.forEach(([x, y, group], i) => {
      const [left, top] = onCanvas(x, y);
      context.beginPath();
      if (group === 0) context.arc(left, top, 4, 0, 2 * Math.PI);
      else if (group === 1) context.rect(left - 3.5, top - 3.5, 7, 7);
      else for (const [dx, dy] of [[0, -5], [5, 4], [-5, 4]]) context.lineTo(left + dx, top + dy);
      context.closePath();
      const chosen = open && i === Number(element("point").value);
      Object.assign(context, { fillStyle: fills[group], strokeStyle: color(chosen ? "--text" : "--ground"), lineWidth: chosen ? 3 : 1 });
      context.fill();
      context.stroke();
    });
    if (cross) {
      const [left, top] = onCanvas(...cross);
      context.beginPath();
      for (const [dx, dy] of [[8, 0], [0, 8]]) {
        context.moveTo(left - dx, top - dy);
        context.lineTo(left + dx, top + dy);
      }
      Object.assign(context, { strokeStyle: color("--text"), lineWidth: 1.5 });
      context.stroke();
    }
  };

  const showOpen = () => {
    shownAt = performance.now();
    element("neurons").querySelectorAll("div").forEach((group, layer) => {
      [...group.children].forEach((button, neuron) => (button.ariaPressed = String(open?.[0] === layer && open[1] === neuron)));
    });
    if (!network || !open) return clearPlayer(view);
    const point = Math.min(Number(element("point").value), points.length - 1);
    showPlayer(view, network.neuron(...open, point), sweep);
  };

  view.addEventListener("step", () => {
    sweep = playedStep(view);
    changed();
  });

  // Adds a point of one's own, or chooses the nearest.
  const touch = (x, y) => {
    if (form.elements.source.value === "own") {
      own.push([x, y].map((x) => Math.round(100 * x) / 100).concat(Number(element("class").value)));
      [target, compared] = [0, false];
      restart();
    } else if (network) {
      const distances = points.map(([a, b]) => Math.hypot(a - x, b - y));
      element("point").value = distances.indexOf(Math.min(...distances));
      showOpen();
      drawPlane();
    }
    changed();
  };
  plane.addEventListener("click", (event) => {
    const { left, top, width, height } = plane.getBoundingClientRect();
    touch(((event.clientX - left) / width) * 2 * REACH - REACH, REACH - ((event.clientY - top) / height) * 2 * REACH);
  });
  plane.addEventListener("keydown", (event) => {
    const move = { ArrowRight: [0.1, 0], ArrowLeft: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1], Enter: [0, 0], " ": [0, 0] }[event.key];
    if (!move) return;
    event.preventDefault();
    cross = [0, 1].map((i) => Math.max(-REACH, Math.min(REACH, (cross?.[i] ?? 0) + move[i])));
    if (event.key === "Enter" || event.key === " ") touch(...cross);
    element("cross").textContent = `The cross is at x ${cross[0].toFixed(1)}, y ${cross[1].toFixed(1)}.`;
    drawPlane();
  });
  plane.addEventListener("blur", () => {
    cross = null;
    element("cross").textContent = "";
    drawPlane();
  });

  const anew = () => {
    [target, compared] = [0, false];
    restart();
    changed();
  };
  form.addEventListener("change", anew);
  form.addEventListener("submit", (event) => event.preventDefault());
  element("restart").addEventListener("click", anew);
  element("undo").addEventListener("click", () => {
    own.pop();
    anew();
  });
  element("train-step").addEventListener("click", () => {
    training.run(false);
    hideComparison();
    if (network) step();
    show();
    showOpen();
    changed();
  });
  element("point").addEventListener("input", () => {
    showOpen();
    drawPlane();
    changed();
  });
  element("speed").addEventListener("change", () => {
    begin();
    changed();
  });
  element("class").addEventListener("change", changed);
  element("compare").addEventListener("click", () => {
    training.run(false);
    target = losses.length;
    compared = true;
    show();
    showComparison();
    changed();
  });

  // The table is of this step, so that a step takes it away.
  const hideComparison = () => {
    compared = false;
    showComparison();
  };
  const showComparison = () => {
    element("comparison").replaceChildren();
    element("differences").textContent = "";
    if (!network || !compared || losses.length < target) return;
    const { names, slopes } = network.compare();
    const [reverse, forward, differences] = [0, 1, 2].map((i) => slopes.filter((_, j) => j % 3 === i));
    const most = [forward, differences].map((other) => largestDifference(reverse, other).toExponential(1));
    element("differences").textContent = `Largest difference of reverse and forward mode ${most[0]}, of reverse mode and differences ${most[1]}`;
    const table = names.map((name, i) => [name, ...[reverse, forward, differences].map((list) => short(list[i]))]);
    element("comparison").replaceChildren(columns(["Parameter", "Reverse mode", "Forward mode", "Differences"]), ...rows(table));
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show());

  const restore = (state) => {
    for (const name of FIELDS) form.elements[name].value = state.get(name) ?? DEFAULTS[name];
    own = (state.get("own") ?? "").split("_").filter(Boolean).map((point) => point.split(",").map(Number));
    element("speed").value = state.get("speed");
    if (element("speed").selectedIndex < 0) element("speed").value = "120";
    element("class").value = state.get("class") === "1" ? "1" : "0";
    element("point").value = state.get("point") ?? 0;
    sweep = Number(state.get("sweep") ?? Infinity);
    open = state.get("neuron")?.split(".").map(Number) ?? null;
    target = Number(state.get("step") ?? 0);
    compared = state.get("compare") === "1";
    restart();
    if (target > 0) training.run(true);
  };

  const state = () => [
    ...fields(),
    ["step", Math.max(target, losses.length)],
    ["speed", element("speed").value],
    ...(form.elements.source.value === "own" ? [["class", element("class").value]] : []),
    ...(own.length > 0 ? [["own", own.map((point) => point.join(",")).join("_")]] : []),
    ["point", element("point").value],
    ...(open ? [["neuron", open.join(".")]] : []),
    ...(open && sweep !== Infinity ? [["sweep", sweep]] : []),
    ...(compared ? [["compare", 1]] : []),
  ];

  const hide = () => {
    training.run(false);
    clearPlayer(view);
  };
  return { state, restore, hide };
};
