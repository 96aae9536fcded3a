// A browser that notes every problem of the pages in it: errors, and requests for other things than files.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

export const start = async (executablePath) => {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const browser = await chromium.launch({ executablePath, args });
  const problems = [];

  // Opens a file, with options of the browser's context.
  const open = async (path, options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
    const page = await context.newPage();
    page.on("pageerror", (error) => problems.push(`${path}: ${error}`));
    page.on("console", (message) => message.type() === "error" && problems.push(`${path}: ${message.text()}`));
    page.on("request", (request) => /^(file|data):/.test(request.url()) || problems.push(`${path} asks for ${request.url()}`));
    await page.goto(`file://${path}`);
    return page;
  };
  const end = async () => {
    await browser.close();
    assert.deepEqual(problems, []);
  };
  return { open, end };
};
