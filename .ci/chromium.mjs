// A browser that notes every problem of the pages in it: errors, and requests for other things than files. And a server of files.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, normalize } from "node:path";
import { chromium } from "playwright-core";

// Serves the files of a folder under a path, as GitHub Pages does: no other folder, and nothing outside the path.
export const serve = async (folder, path) => {
  const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
  const server = createServer(async ({ url }, response) => {
    const asked = decodeURIComponent(new URL(url, "http://localhost").pathname);
    const name = asked.endsWith("/") ? `${asked}index.html` : asked;
    const file = name.startsWith(path) ? normalize(name.slice(path.length)) : "..";
    const bytes = file.startsWith("..") ? null : await readFile(`${folder}/${file}`).catch(() => null);
    response.writeHead(bytes ? 200 : 404, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    response.end(bytes);
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  return { address: `http://127.0.0.1:${server.address().port}${path}`, end: () => server.close() };
};

export const start = async (executablePath) => {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const browser = await chromium.launch({ executablePath, args });
  const problems = [];

  // Opens a file, or an address of a server that may be asked for what is below it, with options of the browser's context.
  const open = async (path, options = {}) => {
    const address = path.startsWith("/") ? `file://${path}` : path;
    const isOwn = (url) => /^(file|data):/.test(url) || (address !== `file://${path}` && url.startsWith(new URL(".", address).href));
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
    const page = await context.newPage();
    page.on("pageerror", (error) => problems.push(`${path}: ${error}`));
    page.on("console", (message) => message.type() === "error" && problems.push(`${path}: ${message.text()}`));
    page.on("request", (request) => isOwn(request.url()) || problems.push(`${path} asks for ${request.url()}`));
    await page.goto(address);
    return page;
  };
  const end = async () => {
    await browser.close();
    assert.deepEqual(problems, []);
  };
  return { open, end };
};
