// Looks at the drawings and drives the pages in the folder that is the first argument, with the browser that is the second.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { start } from "./chromium.mjs";

const [folder, executablePath] = process.argv.slice(2);
const { open, end } = await start(executablePath);

// Every name is within its box, no two boxes overlap, and every frame holds its name.
const layout = () => {
  const rect = (element) => element.getBBox();
  const within = (a, b) => a.x >= b.x - 0.5 && a.y >= b.y - 1 && a.x + a.width <= b.x + b.width + 0.5 && a.y + a.height <= b.y + b.height + 1;
  const faults = [];
  const boxes = [...document.querySelectorAll(".node")].map((node) => {
    const box = rect([...node.querySelectorAll("rect")].at(-1));
    for (const text of node.querySelectorAll("text")) {
      if (!within(rect(text), box)) faults.push(`${text.textContent} leaves its box`);
    }
    return { name: node.textContent, ...box };
  });
  boxes.sort((a, b) => a.x - b.x);
  boxes.forEach((a, i) => {
    for (let j = i + 1; j < boxes.length && boxes[j].x < a.x + a.width; j++) {
      const b = boxes[j];
      if (a.y < b.y + b.height && b.y < a.y + a.height) faults.push(`${a.name} and ${b.name} overlap`);
    }
  });
  for (const frame of document.querySelectorAll(".frame")) {
    if (!within(rect(frame.querySelector("text")), rect(frame.querySelector("rect")))) faults.push(`${frame.textContent} leaves its frame`);
    const name = rect(frame.querySelector("text"));
    for (const b of boxes) {
      if (name.x < b.x + b.width && b.x < name.x + name.width && name.y < b.y + b.height && b.y < name.y + name.height) faults.push(`${b.name} is on the name of a frame`);
    }
  }
  return { boxes: boxes.length, faults };
};

const drawings = readdirSync(folder).filter((name) => name.endsWith(".svg"));
assert(drawings.length >= 5);
for (const name of drawings) {
  const page = await open(`${folder}/${name}`);
  const { boxes, faults } = await page.evaluate(layout);
  assert.deepEqual(faults, [], name);
  assert(boxes > 2, name);
  console.log(`${name}: ${boxes} boxes apart, names within`);
  await page.close();
}

for (const name of readdirSync(folder).filter((name) => name.endsWith(".html"))) {
  const page = await open(`${folder}/${name}`);
  const gradients = () => page.$$eval(".node .grad", (texts) => texts.map((text) => text.textContent));
  const count = async () => (await page.textContent(".count")).split(" of ").map(Number);
  // What the drawing says before the script touches it.
  const still = await open(`${folder}/${name}`, { javaScriptEnabled: false });
  const expected = await still.locator(".node .grad").allTextContents();
  await still.close();

  const [, total] = await count();
  assert((await gradients()).every((text) => text === "0.0000"), `${name}: gradients before the walk back`);
  const off = () => page.locator(".node.off").count();
  const operations = await off();
  assert.equal(total, 2 * operations + 2, `${name}: the number of steps`);
  assert(await page.isDisabled(".back"), `${name}: nothing before the start`);

  await page.click(".next");
  assert.equal(await off(), operations - 1, `${name}: one value came`);
  assert.match(await page.textContent(".explanation"), /^Forward: /);
  await page.click(".back");
  assert.equal(await off(), operations);
  for (let step = 1; step < total; step++) await page.keyboard.press("ArrowRight");
  assert.deepEqual(await count(), [total, total]);
  assert.equal(await off(), 0);
  assert.deepEqual(await gradients(), expected, `${name}: the gradients at the end`);
  assert.match(await page.textContent(".explanation"), /∂.+ \+= ∂.+, now /);
  assert(await page.isDisabled(".next"), `${name}: nothing after the end`);

  await page.click(".first");
  assert.deepEqual(await count(), [1, total]);
  await page.fill(".slider", String(operations + 1));
  assert.match(await page.textContent(".explanation"), /^Backward begins/);
  assert.equal((await gradients()).filter((text) => text === "1.0000").length, 1);
  await page.click(".last");
  assert.deepEqual(await gradients(), expected);

  await page.click(".play");
  assert.equal(await page.textContent(".play"), "Pause");
  await page.waitForFunction(() => Number(document.querySelector(".slider").value) >= 2);
  await page.click(".play");
  assert.equal(await page.textContent(".play"), "Play");
  const [paused] = await count();
  await page.waitForTimeout(1200);
  assert.deepEqual(await count(), [paused, total], `${name}: paused`);
  console.log(`${name}: ${total} steps played`);
  await page.close();
}
await end();
