// Payloads in every field of entries, in filters and in errors: nothing runs, asks, or leaves the page.
// Arguments: the server, a token, a file with the payloads.
import { readFileSync } from "node:fs";
import { check, expandAll, launch, same, signIn, watched } from "./browser.mjs";

const [base, token, file] = process.argv.slice(2);
const payloads = JSON.parse(readFileSync(file, "utf8"));
const browser = await launch();
try {
  const context = await browser.newContext({ timezoneId: "UTC" });
  const page = await watched(context, base);
  // A request that the page refuses on purpose is no fault.
  page.allowed = ["422", "404"];
  await signIn(page, base, token);
  const globals = () => page.evaluate(() => Object.getOwnPropertyNames(window).sort().join());
  await page.goto(`${base}/retention`);
  const usual = await globals();
  const calm = async (where) => {
    same(page.faults, [], where);
    same(await page.evaluate(() => window.hacked), undefined, `window.hacked at ${where}`);
    check(new URL(page.url()).origin === base, `${page.url()} at ${where}`);
  };
  let url = `${base}/audit-logs`;
  let rows = 0;
  while (url) {
    await page.goto(url);
    await expandAll(page);
    await page.evaluate(() => document.querySelectorAll("details").forEach((it) => { it.open = true; }));
    await page.evaluate(() => document.querySelectorAll("*").forEach((it) => {
      for (const type of ["mouseover", "pointerenter", "focus", "animationstart", "toggle"]) it.dispatchEvent(new Event(type));
    }));
    rows += await page.locator(".log tbody tr").count();
    await calm(url);
    const older = page.locator("a[rel=next]").first();
    url = (await older.count()) ? new URL(await older.getAttribute("href"), base).href : null;
  }
  same(rows, payloads.length, "rows");
  same(await globals(), usual, "globals of the list");
  for (const [index, text] of payloads.entries()) {
    const q = encodeURIComponent(text);
    for (const path of [`/audit-logs/${index + 1}`, `/audit-logs?q=${q}&since=${q}&${q}=${q}`]) {
      await page.goto(base + path);
      await calm(path);
    }
  }
  console.log(`${rows} entries with hostile text did nothing`);
} finally {
  await browser.close();
}
