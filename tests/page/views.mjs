// The page over the demo, by mouse, by keyboard and without a script; axe in each view and theme.
// Arguments: the server, a one-time link, and a CSV file that the command line exported.
import { readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import { check, expandAll, launch, same, signIn, watched } from "./browser.mjs";

const [base, link, expected] = process.argv.slice(2);
const browser = await launch();
const total = async (page) => Number((await page.locator("#total b").innerText()).replace(/\D/g, ""));

try {
  const desktop = { viewport: { width: 1920, height: 1080 }, timezoneId: "Europe/Madrid" };
  const context = await browser.newContext({ ...desktop, acceptDownloads: true });
  const page = await watched(context, base);

  // The one-time link asks, signs in, and works once.
  await page.goto(link);
  same(await page.locator("main b").allInnerTexts(), ["demo", "tramontana-robotics"], "the token and the organization of the link");
  await page.click("button.main");
  await page.waitForURL(`${base}/audit-logs`);
  const second = await browser.newContext();
  const thief = await watched(second, base);
  thief.allowed = ["401"];
  await thief.goto(link);
  await thief.waitForSelector("[role=alert]");
  check((await thief.innerText("[role=alert]")).includes("used before"), "a used link is refused");
  await second.close();

  // The list: newest first, in the viewer's zone, 25 rows without scrolling.
  const everything = await total(page);
  same(await page.locator(".log tbody tr").count(), 50, "rows of a page");
  const times = await page.locator(".log time").evaluateAll((all) => all.map((it) => it.dateTime));
  same(times, [...times].sort().reverse(), "newest first");
  check((await page.innerText("#zone")).includes("Europe/Madrid"), "the viewer's zone");
  const fits = await page.locator(".log tbody tr").evaluateAll((rows) => rows.filter((it) => it.getBoundingClientRect().bottom <= innerHeight).length);
  check(fits >= 25, `${fits} rows without scrolling`);

  // Filters by mouse, combined; all state is in the URL.
  await page.click("summary:has-text('Action')");
  await page.check("input[name=action][value=created]");
  await page.check("input[name=action][value=deleted]");
  await page.click("button:has-text('Filter')");
  await page.waitForURL("**action=created&action=deleted**");
  const chosen = await total(page);
  check(chosen > 0 && chosen < everything, `${chosen} of ${everything}`);
  check((await page.innerText(".command code")).includes("--action created,deleted"), "the equal command");

  // Export: byte for byte as the command line.
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Export CSV")]);
  check(readFileSync(await download.path()).equals(readFileSync(expected)), "the exported file");

  await page.click("summary:has-text('Model type')");
  await page.check("input[name=model_type][value=connector]");
  await page.fill("input[name=since]", "30d");
  await page.click("button:has-text('Filter')");
  await page.waitForURL("**model_type=connector**");
  const narrowed = await total(page);
  check(narrowed > 0 && narrowed < chosen, `${narrowed} of ${chosen}`);
  const shared = page.url();
  await page.goBack();
  same(await total(page), chosen, "the back button");
  const other = await watched(context, base);
  await other.goto(shared);
  same(await total(other), narrowed, "a shared URL");
  await other.close();
  // A link of another site: the browser leaves the cookie out of the first request.
  const mail = await watched(context, base);
  await mail.setContent(`<a href="${shared.replaceAll("&", "&amp;")}">the view</a>`);
  const [first] = await Promise.all([mail.waitForResponse(shared), mail.click("a")]);
  check(!("cookie" in (await first.request().allHeaders())), "the first request has no cookie");
  await mail.waitForSelector("#total");
  same([mail.url(), await total(mail)], [shared, narrowed], "a link of another site");
  await mail.close();

  // A user, by the name of the drop-down.
  await page.goto(`${base}/audit-logs`);
  await page.click("summary:has-text('User')");
  await page.locator("input[name=user][type=checkbox]").nth(1).check();
  const label = await page.locator(".pick:has(input[name=user]) label").nth(1).innerText();
  await page.click("button:has-text('Filter')");
  await page.waitForURL("**user=is**");
  same(await total(page), Number(label.split("\n").at(-1).replace(/\D/g, "")), "the count beside a user");

  // Older and newer.
  await page.goto(`${base}/audit-logs`);
  const newest = await page.locator(".log time").first().getAttribute("datetime");
  await page.locator("a[rel=next]").first().click();
  await page.waitForURL("**older=**");
  check((await page.locator(".log time").first().getAttribute("datetime")) < newest, "older entries");
  await page.locator("a[rel=prev]").first().click();
  await page.waitForURL("**newer=**");
  same(await page.locator(".log time").first().getAttribute("datetime"), newest, "newer entries");

  // By keyboard: move, open, close, filter, help.
  await page.goto(`${base}/audit-logs?action=updated`);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await page.keyboard.press("Enter");
  const opened = page.locator(".log tbody tr").first().locator("td > details");
  check(await opened.evaluate((it) => it.open), "Enter opens the entry");
  await opened.locator(".expanded").waitFor();
  check((await opened.locator("del").count()) > 0 && (await opened.locator("ins").count()) > 0, "del and ins");
  check((await opened.locator(".word").first().innerText()) === "changed", "the change by word");
  const colour = (selector) => opened.locator(selector).first().evaluate((it) => getComputedStyle(it).color.match(/\d+/g).map(Number));
  const [red, green] = [await colour("del"), await colour("ins")];
  check(red[0] > red[1] && green[1] > green[0], `old is red (${red}), new is green (${green})`);
  await page.keyboard.press("Enter");
  check(!(await opened.evaluate((it) => it.open)), "Enter closes it");
  await page.keyboard.press("?");
  check(await page.locator("dialog").isVisible(), "help");
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("salesforce");
  await page.keyboard.press("Enter");
  await page.waitForURL("**q=salesforce**");
  check((await page.locator(".log tbody tr").count()) > 0, "a text filter");

  // The views behind the list.
  await page.goto(`${base}/audit-logs?resource=connector%2F42`);
  await page.locator(".log td:nth-child(4) a").first().click();
  await page.waitForURL("**/audit-logs/resource**");
  await page.fill("input[name=at]", "yesterday");
  await page.fill("input[name=from]", "30d");
  await page.fill("input[name=to]", "1h");
  await page.click("button:has-text('Show')");
  await page.waitForSelector("#difference");
  check(await page.locator("#state").isVisible(), "the state at a time");
  const resource = page.url();
  await page.locator("ul.entries a").first().click();
  await page.waitForURL(/audit-logs\/\d+$/);
  const entry = page.url();
  check((await page.innerText(".facts")).includes("Who"), "the facts of an entry");

  // axe, in each view and theme, and nothing is cut off at 320 px and at 200 %.
  const views = [`${base}/audit-logs`, `${base}/audit-logs?action=x&since=never`, resource, entry, `${base}/retention`, `${base}/trail`, `${base}/sign-in`, `${base}/audit-logs/999999`, `${base}/no/such/page`];
  for (const theme of [{ colorScheme: "light" }, { colorScheme: "dark" }, { forcedColors: "active" }]) {
    const themed = await browser.newContext({ ...desktop, ...theme, storageState: await context.storageState() });
    const view = await watched(themed, base);
    view.allowed = ["422", "404"];
    for (const url of views) {
      await view.goto(url);
      await expandAll(view);
      const { violations } = await new AxeBuilder({ page: view }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
      same(violations.map((it) => [it.id, it.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]), [], `axe: ${url} ${JSON.stringify(theme)}`);
    }
    if (theme.colorScheme === "dark") {
      for (const width of [320, 640]) {
        await view.setViewportSize({ width, height: 900 });
        for (const url of views) {
          await view.goto(url);
          const wide = await view.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          check(wide <= 0, `${url} is ${wide} px too wide at ${width} px`);
        }
      }
    }
    same(view.faults, [], "faults");
    await themed.close();
  }

  // Without a script: filters work, and an entry opens on its page.
  const bare = await browser.newContext({ ...desktop, javaScriptEnabled: false });
  const plain = await watched(bare, base);
  await signIn(plain, base, "demo");
  await plain.click("summary:has-text('Action')");
  await plain.check("input[name=action][value=deleted]");
  await plain.click("button:has-text('Filter')");
  await plain.waitForURL("**action=deleted**");
  check((await plain.innerText("#zone")).includes("UTC"), "UTC without a script");
  await plain.locator(".log a.open").first().click();
  await plain.waitForURL(/audit-logs\/\d+$/);
  check(await plain.locator(".diff").first().isVisible(), "an entry opens without a script");
  await bare.close();

  // Sign-out.
  await page.goto(`${base}/audit-logs`);
  await page.click("button:has-text('Sign out')");
  await page.waitForURL("**/sign-in");
  await page.goto(shared);
  check(page.url().includes("/sign-in?next="), "signed out");
  await page.fill("#token", "demo");
  await page.click("button.main");
  await page.waitForURL(shared);
  same(await total(page), narrowed, "the same view after sign-in");
  same(page.faults, [], "faults");
  console.log("the page works");
} finally {
  await browser.close();
}
