// Renews the README's screenshots: the list with an entry opened, and an entry with its differences.
// Start `krosyn-audit --demo serve`, then: node screenshots.mjs http://127.0.0.1:7744
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { check, launch, signIn, watched } from "./browser.mjs";
import { shrink } from "./png.mjs";

const [base] = process.argv.slice(2);
const directory = fileURLToPath(new URL("../../docs/images", import.meta.url));
const MAX_BYTES = 150_000;
const browser = await launch();
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, timezoneId: "Europe/Madrid", colorScheme: "light" });
  const page = await watched(context, base);
  await signIn(page, base, "demo");
  const shoot = async (name, clip) => {
    const path = `${directory}/${name}.png`;
    await page.screenshot({ path, clip });
    shrink(path);
    const { size } = statSync(path);
    check(size < MAX_BYTES, `${path} is ${size} bytes`);
    console.log(`${path}: ${size} bytes`);
  };

  const users = ["ana.ruiz", "marc.soler", "priya.nair"].map((name) => `&user=${name}@tramontana.example`).join("");
  await page.goto(`${base}/audit-logs?action=updated&model_type=connector${users}`);
  const row = page.locator(".log tbody tr:has-text('+3')").first();
  await row.locator("summary").click();
  await row.locator(".expanded").waitFor();
  await page.mouse.move(0, 0);
  await shoot("page-list");

  await row.locator(".expanded > p a").click();
  await page.waitForURL(/audit-logs\/\d+$/);
  const bottom = await page.evaluate(() => Math.ceil(document.querySelector("main").getBoundingClientRect().bottom));
  await shoot("page-entry", { x: 0, y: 0, width: 1280, height: Math.min(720, bottom) });
} finally {
  await browser.close();
}
