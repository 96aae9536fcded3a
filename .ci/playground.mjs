// Drives the playground in the folder that is the first argument, with the browser that is the second. With a folder as the third
// it writes the screenshots of the README there.
import assert from "node:assert/strict";
import { serve, start } from "./chromium.mjs";

const [folder, executablePath, screenshots] = process.argv.slice(2);
const { open, end } = await start(executablePath);
const visit = async (hash = "", options = {}, index = `${folder}/index.html`) => {
  const page = await open(index + hash, options);
  await page.waitForSelector("html[data-ready]");
  return page;
};
const texts = (page, selector) => page.locator(selector).allTextContents();
const screenshot = async (page, name) => {
  if (!screenshots) return;
  await page.setViewportSize({ width: 1000, height: 1000 });
  await page.evaluate(() => scrollTo(0, 0));
  const { height } = await page.locator("main").boundingBox();
  await page.screenshot({ path: `${screenshots}/${name}.jpg`, quality: 80, clip: { x: 0, y: 0, width: 1000, height: Math.min(720, height + 60) } });
};
// The address once it has been written.
const address = async (page) => {
  await page.waitForTimeout(500);
  return new URL(page.url()).hash;
};
// The numbers of a row of the table of numbers: gradients by reverse mode, dual numbers and differences, and the tangent.
const numbers = async (page, name) => {
  const cells = page.locator(`#numbers tbody tr:has(th:text-is("${name}")) td`);
  return (await cells.allTextContents()).slice(1).map(Number);
};

// Expressions.
{
  const page = await visit();
  assert.equal(await page.inputValue("#formula"), "e = a*b\nd = e + c\nL = d*f");
  assert.deepEqual(await numbers(page, "a"), [6, 6, 6, 1]);
  assert.deepEqual(await numbers(page, "L"), [1, 0, 0, 6]);
  await page.selectOption("#along", "f");
  assert.equal((await numbers(page, "L"))[3], 4, "the slope with respect to f");
  assert.match(await page.textContent("#agreement"), /dual numbers 0\.0e\+0, and differences \d\.\de-1\d/);

  // Typed, the graph and the table follow at once.
  await page.fill("#formula", "y = x**2 + sin(x)");
  await page.fill("#numbers input[type=number]", "0");
  assert.deepEqual(await numbers(page, "x"), [1, 1, 1, 1]);
  assert.equal(await page.locator(".node.output .label").first().textContent(), "y");

  // A fault points at its character, and the numbers stay.
  await page.fill("#formula", "y = x**2 +\nz = sine(x)");
  assert.deepEqual((await page.textContent("#fault")).split("\n")[0], "y = x**2 +");
  assert.equal((await page.textContent("#fault")).split("\n")[1].indexOf("^"), 10);
  await page.fill("#formula", "a = 1\ny = x + sine(x)");
  const [line, pointer] = (await page.textContent("#fault")).split("\n");
  assert.equal(line[pointer.indexOf("^")], "s");
  assert.match(pointer, /there is no function `sine`/);
  assert.equal(await page.getAttribute("#formula", "aria-invalid"), "true");
  assert.deepEqual(await numbers(page, "x"), [1, 1, 1, 1]);

  // Dragged, by the slider and in the graph.
  await page.fill("#formula", "y = x*w");
  assert.equal(await page.textContent("#fault"), "");
  await page.locator("#numbers input[type=range]").first().fill("3");
  assert.equal(await page.inputValue("#numbers input[type=number]"), "3");
  assert.deepEqual((await numbers(page, "w")).slice(0, 3), [3, 3, 3]);
  const box = await page.locator(".node.input").first().boundingBox();
  await page.mouse.move(box.x + 10, box.y + 10);
  await page.mouse.down();
  await page.mouse.move(box.x + 60, box.y + 12, { steps: 5 });
  await page.mouse.up();
  assert.equal(await page.inputValue("#numbers input[type=number]"), "4");
  assert.deepEqual((await numbers(page, "w")).slice(0, 3), [4, 4, 4]);
  assert.match((await texts(page, ".node.input .data"))[0], /^4\.0000$/);

  // Played, with the keyboard.
  const count = async () => (await page.textContent("#sweep .count")).split(" of ").map(Number);
  assert.deepEqual(await count(), [4, 4], "all steps are shown");
  await page.focus("#sweep .picture");
  await page.keyboard.press("Home");
  assert.deepEqual(await texts(page, ".node .grad"), ["0.0000", "0.0000", "0.0000"]);
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  assert.match(await page.textContent("#sweep .explanation"), /∂y\/∂w \+= ∂y\/∂w · ∂y\/∂y = 4\.0000 · 1\.0000 = 4\.0000, now 4\.0000/);
  await page.keyboard.press("ArrowLeft");
  assert.match(await page.textContent("#sweep .explanation"), /^Backward begins/);

  // The derivative in mathematics.
  assert.equal(await page.textContent("#formulas"), "y = x·w\n∂y/∂x = w\n∂y/∂w = x\n");
  assert.match(await page.getAttribute("#sweep svg", "aria-label"), /^Graph of y: .*x 4\.0000, gradient 0\.0000/);

  await page.check("#second");
  assert.deepEqual(await texts(page, "#hessian td"), ["0.0000", "1.0000", "1.0000", "0.0000"]);

  // The link shows the same.
  const link = await address(page);
  const other = await visit(link);
  for (const selector of ["#numbers", "#sweep .explanation", "#sweep .count", "#hessian", "#agreement", "#formulas"]) {
    assert.equal(await other.textContent(selector), await page.textContent(selector), selector);
  }
  assert.equal(await address(other), link);
  // Another address in the same page does too.
  await other.evaluate(() => (location.hash = "#tab=expressions&formula=p%2B1&at=p:2"));
  await other.waitForFunction(() => document.querySelector("#formula").value === "p+1");
  assert.deepEqual(await numbers(other, "p"), [1, 1, 1, 1]);

  // With a fault, a link has the fault and the numbers before it.
  await page.fill("#formula", "y = x*w +");
  const faulty = await visit(await address(page));
  for (const selector of ["#fault", "#numbers", "#formulas"]) assert.equal(await faulty.textContent(selector), await page.textContent(selector), selector);
  assert.equal(await faulty.inputValue("#formula"), "y = x*w +");
  await faulty.context().close();

  await page.selectOption("#examples", "micrograd's expression");
  assert.equal(await page.inputValue("#examples"), "micrograd's expression");
  assert.deepEqual((await numbers(page, "a")).slice(0, 2), [138.8338, 138.8338]);
  await page.selectOption("#examples", "the lecture's neuron");
  await page.fill("#sweep .slider", "9");
  await screenshot(page, "playground_expressions");
  console.log("expressions: typed, dragged, played, shared, and wrong at a character");
  await page.context().close();
  await other.context().close();
}

// Networks.
{
  const page = await visit("#tab=networks");
  const progress = async () => {
    const text = await page.textContent("#progress");
    const of = (pattern) => Number(pattern.exec(text)?.[1]);
    return { parameters: of(/(\d+) parameters/), step: of(/step (\d+)/), loss: of(/loss ([\d.e-]+)/), right: of(/([\d.]+) % right/), speed: of(/(\d+) steps a second/) };
  };
  assert.deepEqual(await progress(), { parameters: 337, step: 0, loss: NaN, right: (await progress()).right, speed: NaN });
  const before = await page.evaluate(() => document.querySelector("#plane").toDataURL());
  await page.click("#train-step");
  const first = await progress();
  assert.equal(first.step, 1);
  assert.notEqual(await page.evaluate(() => document.querySelector("#plane").toDataURL()), before, "the boundary moved");

  assert.equal(await page.inputValue("#speed"), "120");
  for (const speed of ["120", "0"]) {
    await page.selectOption("#speed", speed);
    await page.click("#train");
    assert.equal(await page.textContent("#train"), "Pause");
    await page.waitForTimeout(3000);
    const { speed: measured } = await progress();
    console.log(`networks: 337 parameters at ${measured} steps a second, ${speed === "0" ? "as fast as it goes" : "by default"}`);
    assert(measured >= 60, `${measured} steps a second`);
    await page.click("#train");
  }
  const paused = await progress();
  await page.waitForTimeout(300);
  assert.equal((await progress()).step, paused.step, "paused");
  assert(paused.loss < first.loss && paused.right > 95, JSON.stringify(paused));

  // A neuron opens as a graph.
  await page.click('button[aria-label="Layer 2, neuron 3"]');
  assert.equal(await page.getAttribute('button[aria-label="Layer 2, neuron 3"]', "aria-pressed"), "true");
  assert.equal(await page.locator("#neuron .node.output .label").first().textContent(), "loss");
  assert((await texts(page, "#neuron .frame text")).includes("neuron 3"));
  assert((await texts(page, "#neuron .node .label")).includes("w16"));
  await page.focus("#neuron .picture");
  await page.keyboard.press("Home");
  assert((await texts(page, "#neuron .node .grad")).every((text) => text === "0.0000"));
  await page.keyboard.press("End");
  const shown = await texts(page, "#neuron .node .grad");
  await page.fill("#point", "1");
  assert.notDeepEqual(await texts(page, "#neuron .node .data"), shown, "another point has other numbers");

  // The three ways to the gradient.
  await page.click("#compare");
  assert.equal(await page.locator("#comparison tr").count(), 338);
  const [modes, differences] = (await page.textContent("#differences")).match(/\d\.\de[+-]\d+/g).map(Number);
  assert(modes < 1e-12 && differences < 1e-3, `${modes} and ${differences}`); // a step of differences may cross a kink of relu
  await page.fill("#neuron .slider", "30");

  // The link trains to the same step, with the same bits.
  const link = await address(page);
  const other = await visit(link);
  await other.waitForFunction((step) => document.querySelector("#progress").textContent.includes(`step ${step},`), paused.step);
  await other.waitForFunction(() => document.querySelector("#train").textContent === "Train");
  for (const selector of ["#neuron .node .grad", "#neuron .count", "#differences", "#comparison td"]) {
    assert.deepEqual(await texts(other, selector), await texts(page, selector), selector);
  }
  assert.equal(await other.locator("#comparison tr").count(), 338);
  await other.click("#train-step");
  assert.equal(await other.locator("#comparison tr").count(), 0, "the table was of the step before");
  assert(!/compare=/.test(await address(other)));
  await other.context().close();

  // Every setting can be chosen.
  for (const source of ["circles", "xor", "spirals", "yinyang"]) {
    await page.selectOption("[name=source]", source);
    for (const loss of ["cross-entropy", "hinge", "squared"]) {
      await page.selectOption("[name=loss]", loss);
      await page.click("#train-step");
      assert.equal((await progress()).step, 1);
      assert.equal(await page.textContent("#refusal"), "");
    }
  }
  await page.fill("[name=layers]", "8, 4, 99");
  await page.click("#train-step");
  assert.match(await page.textContent("#refusal"), /layers: "99" is no whole number from 1 to 64/);
  await page.fill("[name=layers]", "8, 4");

  // Points of one's own, by clicks and by the keyboard.
  await page.selectOption("[name=source]", "own");
  assert.match(await page.textContent("#refusal"), /there are no points yet/);
  const { x, y, width } = await page.locator("#plane").boundingBox();
  await page.mouse.click(x + width / 4, y + width / 4);
  await page.selectOption("#class", "1");
  await page.focus("#plane");
  for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowRight");
  assert.equal(await page.textContent("#cross"), "The cross is at x 1.0, y 0.0.");
  await page.keyboard.press("Enter");
  for (let i = 0; i < 30; i++) await page.click("#train-step");
  assert.equal((await progress()).right, 100);
  assert.match(await address(page), /class=1&own=-1,1,0_1,0,1/);
  const chosen = await visit(await address(page));
  assert.equal(await chosen.inputValue("#class"), "1");
  await chosen.context().close();
  await page.click("#undo");
  assert.match(await address(page), /own=-1,1,0&/);
  await page.context().close();

  const picture = await visit("#tab=networks&source=spirals&points=200&noise=0.05&activation=tanh&loss=cross-entropy&rate=0.03&step=400");
  await picture.waitForFunction(() => document.querySelector("#train").textContent === "Train" && document.querySelector("#progress").textContent.includes("step 400"));
  await screenshot(picture, "playground_networks");
  await picture.context().close();
  console.log("networks: trained, paused, opened, compared, clicked and shared");
}

// microgpt.
{
  const page = await visit("#tab=microgpt");
  const step = async () => Number(/step (\d+) of/.exec(await page.textContent("#gpt-progress"))[1]);
  assert.equal(await step(), 0);
  const before = await page.textContent("#samples");
  assert.equal(before.split(" ").length, 12);
  await page.click("#learn");
  await page.waitForFunction(() => Number(/step (\d+)/.exec(document.querySelector("#gpt-progress").textContent)[1]) >= 100);
  await page.click("#learn");
  assert.notEqual(await page.textContent("#samples"), before);
  const loss = Number(/loss ([\d.]+)/.exec(await page.textContent("#gpt-progress"))[1]);
  assert(loss < 3.1, `the loss is ${loss}`);

  assert.equal(await page.locator("#attention table").count(), 4);
  assert.equal(await page.locator("#attention table").first().locator("td").count(), 25);
  await page.fill("#name", "ada");
  const weights = (await texts(page, "#attention tr:last-child td")).slice(0, 4).map(Number);
  assert(Math.abs(weights.reduce((sum, x) => sum + x, 0) - 1) < 0.03, `${weights}`);
  await page.fill("#name", "Ada");
  assert.match(await page.textContent("#name-fault"), /no letter from a to z/);
  await page.fill("#name", "ada");
  await page.selectOption("#matrix", { label: "layer0.wq" });
  await page.click("#weights", { position: { x: 30, y: 45 } });
  const [, reverse, forward, differences] = (await texts(page, "#weight td")).map(Number);
  assert(reverse !== 0 && Math.abs(reverse - forward) < 1e-12 && Math.abs(reverse - differences) < 1e-8, `${reverse}, ${forward}, ${differences}`);
  assert.match(await page.textContent("#weight th[scope=row]"), /^layer0\.wq\[3\]\[2\]$/);

  const other = await visit(await address(page));
  await other.waitForFunction((text) => document.querySelector("#weight").textContent === text, await page.textContent("#weight"));
  assert.equal(await other.textContent("#samples"), await page.textContent("#samples"));
  console.log(`microgpt: ${await step()} steps, sampled, looked at and shared`);
  await other.context().close();
  await page.context().close();
}

// What everyone can read and use: contrasts of 4.5, names of all controls, a phone, dark and light.
const faults = () => {
  const numbers = (text) => text.match(/[\d.]+/g).map(Number);
  const over = ([r, g, b, a = 1], ground) => [r, g, b].map((x, i) => a * x + (1 - a) * ground[i]);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((x) => x / 255).map((x) => (x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const ground = (element) => {
    const box = element.closest(".node");
    if (box) return over(rgba(getComputedStyle([...box.querySelectorAll("rect")].at(-1)).fill), [0, 0, 0]);
    const chain = [];
    for (let e = element; e; e = e.parentElement) chain.unshift(rgba(getComputedStyle(e).backgroundColor));
    return chain.reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const faults = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "");
    if (!own || !element.checkVisibility() || element.closest(":disabled, .off, script, style, title, noscript, option")) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const text = over(rgba(element instanceof SVGElement ? style.fill : style.color), below);
    const [a, b] = [luminance(text), luminance(below)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faults.push(`${element.textContent.trim().slice(0, 30)} (${element.className.baseVal ?? element.className}): contrast ${contrast.toFixed(2)}`);
  }
  for (const control of document.querySelectorAll("input, select, textarea, button, canvas, [tabindex='0']")) {
    if (!control.checkVisibility()) continue;
    const name = control.ariaLabel || control.getAttribute("aria-label") || control.labels?.[0]?.textContent || control.textContent || control.title;
    if (!name?.trim()) faults.push(`no name: ${control.outerHTML.slice(0, 80)}`);
  }
  for (const picture of document.querySelectorAll("svg, canvas")) {
    if (!picture.checkVisibility()) continue;
    const [role, name] = ["role", "aria-label"].map((attribute) => picture.getAttribute(attribute));
    if (!["img", "application"].includes(role) || !/\d/.test(name ?? "")) faults.push(`a picture that does not say what it shows: ${role}, ${name}`);
  }
  // The text in a canvas has the strongest contrast to its ground.
  for (const picture of document.querySelectorAll("#losses, #gpt-losses")) {
    if (!picture.checkVisibility()) continue;
    const [below, { data }] = [ground(picture), picture.getContext("2d").getImageData(0, 0, 50, 18)];
    let most = 1;
    for (let i = 0; i < data.length; i += 4) {
      const [a, b] = [luminance(over([data[i], data[i + 1], data[i + 2], data[i + 3] / 255], below)), luminance(below)].sort((x, y) => y - x);
      most = Math.max(most, (a + 0.05) / (b + 0.05));
    }
    if (most < 4.5) faults.push(`${picture.id}: the text has contrast ${most.toFixed(2)}`);
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) faults.push(`wider than the screen: ${document.documentElement.scrollWidth}`);
  return faults;
};
for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1200]) {
    for (const hash of ["#tab=expressions&formula=y%3D2*tanh(a)&second=1", "#tab=networks&layers=4&neuron=0.1&step=3&compare=1", "#tab=microgpt&step=3"]) {
      const page = await visit(hash, { colorScheme, viewport: { width, height: 800 } });
      await page.waitForFunction(() => [...document.querySelectorAll("#train, #learn")].every((button) => button.textContent === "Train"));
      assert.deepEqual(await page.evaluate(faults), [], `${hash}, ${colorScheme}, ${width} wide`);
      await page.context().close();
    }
  }
}
// The tabs are chosen by the keyboard, and come back as they were.
const page = await visit("#tab=expressions&formula=y%3Dx*x&at=x:5");
await page.focus("#expressions-tab");
await page.keyboard.press("ArrowRight");
assert(await page.isVisible("#networks") && !(await page.isVisible("#expressions")));
await page.keyboard.press("ArrowLeft");
assert.deepEqual((await numbers(page, "x")).slice(0, 3), [10, 10, 10]);
console.log("contrasts, names of controls and pictures, phone widths and the keyboard");

// From a server, below a path, as on GitHub Pages.
{
  const server = await serve(folder, "/dualtape/playground/");
  const page = await visit("#tab=expressions&formula=y%3Dx*x&at=x:5", {}, server.address);
  assert.deepEqual((await numbers(page, "x")).slice(0, 3), [10, 10, 10]);
  await page.click("#networks-tab");
  await page.click("#train-step");
  assert.match(await page.textContent("#progress"), /337 parameters, step 1, loss/);
  await page.click("#microgpt-tab");
  await page.click("#learn-step");
  assert.match(await page.textContent("#gpt-progress"), /step 1 of 1000, loss/);
  const link = await address(page);
  const other = await visit(link, {}, `${server.address}index.html`);
  assert.equal(await address(other), link);
  console.log("served below a path");
  await page.context().close();
  await other.context().close();
  server.end();
}
await end();
