// Chromium for the scripts: a page that notes what it must not do, and plain assertions.
import { chromium } from "playwright-core";

export const check = (condition, message) => {
  if (!condition) throw new Error(`failed: ${message}`);
};
export const same = (found, expected, message) => {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  check(one === other, `${message}: found ${one}, expected ${other}`);
};

export const launch = () => chromium.launch({ executablePath: "chromium", args: ["--no-sandbox"] }).catch(
  () => chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] }));

// A page whose console errors, script errors, dialogs and foreign requests end up in `page.faults`.
export const watched = async (context, base) => {
  const page = await context.newPage();
  page.faults = [];
  page.allowed = [];
  page.setDefaultTimeout(15000);
  page.on("console", (message) => {
    const text = message.text();
    if (message.type() === "error" && !page.allowed.some((part) => text.includes(part))) page.faults.push(text);
  });
  page.on("pageerror", (error) => page.faults.push(error.message));
  page.on("dialog", (dialog) => { page.faults.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith("about:")) page.faults.push(`request ${request.url()}`);
  });
  return page;
};

// Opens every entry of a list and every long value, and waits for what the server answers.
export const expandAll = async (page) => {
  const open = () => page.evaluate(() => document.querySelectorAll(".log details, details.long").forEach((it) => { it.open = true; }));
  await open();
  await page.waitForFunction(() => [...document.querySelectorAll(".log td > details")].every((it) => it.querySelector(".expanded")));
  await open();
};

export const signIn = async (page, base, token) => {
  await page.goto(`${base}/sign-in`);
  await page.fill("#token", token);
  await page.click("button.main");
  await page.waitForURL(`${base}/audit-logs`);
};
