// The live tail: entries that are recorded while the list is shown.
// Arguments: the server, a token that reads, and a token that records.
import { check, launch, same, signIn, watched } from "./browser.mjs";

const [base, token, recorder] = process.argv.slice(2);
const record = async (id, at) => {
  const entry = {
    occurred_at: at, action: "created", model_type: "connector", model_id: id,
    user: { name: "ana" }, changes: [{ field: "status", new: id }],
  };
  const headers = { authorization: `Bearer ${recorder}`, "content-type": "application/json" };
  const answer = await fetch(`${base}/api/v1/audit-logs`, { method: "POST", headers, body: JSON.stringify(entry) });
  same(answer.status, 201, "recorded");
};

const browser = await launch();
try {
  const context = await browser.newContext({ timezoneId: "UTC" });
  const page = await watched(context, base);
  const ids = () => page.locator(".log tbody td:nth-child(4) a").evaluateAll((all) => all.map((it) => new URL(it.href).searchParams.get("id")));
  const total = () => page.innerText("#total b");
  await record("1", "2026-11-22T07:00:00Z");
  await record("2", "2026-11-22T07:30:00Z");
  await signIn(page, base, token);
  same([await ids(), await total()], [["2", "1"], "2"], "the list");

  // On request, in the order of time.
  await record("3", "2026-11-22T07:15:00Z");
  await record("4", "2026-11-22T07:45:00Z");
  await page.waitForFunction(() => document.querySelector("#tail").textContent === "2 new entries");
  same(await ids(), ["2", "1"], "nothing moves under the reader");
  await page.click("button:text-is('Show')");
  same([await ids(), await total(), await page.innerText("#tail")], [["4", "2", "3", "1"], "4", "2 new entries shown"], "inserted");
  same(await page.locator("tr.new").count(), 2, "new rows are marked");
  check(await page.locator("button:text-is('Show')").isHidden(), "nothing is left to show");
  await page.keyboard.press("Escape");
  await page.locator("h1").click();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.locator("tr.new .expanded ins").waitFor();
  same(await page.locator("tr.new .expanded ins").innerText(), '"4"', "a new row opens, too");

  // At once.
  await page.check("text=Live");
  await record("5", "2026-11-22T07:50:00Z");
  await page.waitForFunction(() => document.querySelectorAll(".log tbody tr").length === 5);
  same([await ids(), await total()], [["5", "4", "2", "3", "1"], "5"], "inserted by itself");

  // The end of the session is shown, and nothing more is asked.
  await context.clearCookies();
  await page.waitForFunction(() => document.querySelector("#tail").textContent.includes("session has ended"));
  same(page.faults, [], "faults");
  console.log("the live tail works");
} finally {
  await browser.close();
}
