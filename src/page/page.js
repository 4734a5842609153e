// Conveniences: the viewer's time zone, entries that expand, keys, the live tail, copying. The page works without it.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const first = (selector) => document.querySelector(selector);

// The server writes times in this zone.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const shownZone = document.body.dataset.zone;
if (zone && /^[A-Za-z0-9_+\-/]+$/.test(zone)) {
  const before = document.cookie;
  document.cookie = `krosyn-audit-tz=${zone}; Path=/; SameSite=Strict; Max-Age=31536000`;
  // Once: where cookies are off, the cookie does not change.
  if (shownZone && shownZone !== zone && document.cookie !== before) location.reload();
}

// Drop-downs close by a click elsewhere.
const picks = all(".pick");
addEventListener("click", (event) => {
  for (const pick of picks) if (!pick.contains(event.target) && !pick.querySelector(".error")) pick.open = false;
});

// A document or a part of one. Its scripts do not run.
const load = (url) => new Promise((resolve, reject) => {
  const request = new XMLHttpRequest();
  request.open("GET", url);
  request.responseType = "document";
  request.onload = () => (request.status === 200 ? resolve(request) : reject(request));
  request.onerror = () => reject(request);
  request.send();
});

// After another sign-in in this browser, the server answers this page's requests with 409 and the reason.
const viewer = document.body.dataset.viewer;
const otherViewer = (request) => {
  if (request.status !== 409) return undefined;
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = request.response?.querySelector("main p")?.textContent || "Reload the page";
  return link;
};

// An entry of a list expands in place: its changes are fetched when it is opened first.
const expandable = (link) => {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.append(...link.childNodes);
  details.append(summary);
  let part;
  details.addEventListener("toggle", async () => {
    if (!details.open || part) return;
    details.querySelector(":scope > p")?.remove();
    part = document.createElement("p");
    part.textContent = "…";
    details.append(part);
    let loaded;
    let page = document.createElement("a");
    page.href = link.href;
    page.textContent = "The changes cannot be loaded now: open the entry";
    try {
      loaded = (await load(`${link.href}/changes?viewer=${viewer}`)).response.querySelector(".expanded");
    } catch (failed) {
      page = otherViewer(failed) ?? page;
    }
    if (loaded) return part.replaceWith(document.adoptNode(loaded));
    part.replaceChildren(page);
    part = undefined;
  });
  link.replaceWith(details);
};
all(".log a.open").forEach(expandable);

// Copying the equal command.
for (const code of all(".command code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
  code.after(button);
}

// Keys: ? shows them.
const move = (step) => {
  const rows = all(".log td > details > summary");
  const at = rows.indexOf(document.activeElement);
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
};
const help = () => {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", "Keys");
  const list = document.createElement("dl");
  list.className = "facts";
  for (const [key, text] of [["j, k", "next, previous entry"], ["Enter", "open or close the entry"], ["o", "open its page"],
    ["/", "text filter"], ["n, p", "older, newer entries"], ["Esc", "close"]]) {
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    [dt.textContent, dd.textContent] = [key, text];
    list.append(dt, dd);
  }
  const close = document.createElement("button");
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.append(list, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || first("dialog[open]")) return;
  if (event.key === "Escape") {
    for (const pick of picks.filter((pick) => pick.open)) {
      pick.open = false;
      pick.querySelector("summary").focus();
    }
    return;
  }
  if (event.target.matches?.("input, textarea, select")) return;
  const act = {
    j: () => move(1),
    k: () => move(-1),
    o: () => document.activeElement.closest?.(".log tr")?.querySelector("a")?.click(),
    n: () => first("a[rel=next]")?.click(),
    p: () => first("a[rel=prev]")?.click(),
    "/": () => first("input[name=q]")?.focus(),
    "?": help,
  }[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

// The live tail asks for entries behind the last known id while the page is visible. They are inserted on request or "Live".
const tail = first("#tail[data-tail]");
if (tail) {
  let url = tail.dataset.tail;
  let waits = 3000;
  const held = [];
  const show = document.createElement("button");
  show.type = "button";
  show.textContent = "Show";
  show.hidden = true;
  const label = document.createElement("label");
  const live = document.createElement("input");
  live.type = "checkbox";
  label.append(live, " Live");
  tail.after(show, label);

  const entries = (count) => `${count} new ${count === 1 ? "entry" : "entries"}`;
  const at = (row) => Date.parse(row.querySelector("time").dateTime);
  // By time. A row of an older page is left out.
  const place = (row) => {
    const body = first(".log tbody");
    const before = [...body.rows].find((other) => at(other) <= at(row));
    if (!before && first("a[rel=next]")) return;
    row.classList.add("new");
    row.querySelectorAll("a.open").forEach(expandable);
    body.insertBefore(row, before ?? null);
  };
  const insert = () => {
    const count = held.length;
    // An empty list has no table.
    if (!first(".log tbody")) return location.reload();
    held.splice(0).forEach(place);
    const total = first("#total b");
    if (total) total.textContent = String(Number(total.textContent.replace(/\D/g, "")) + count).replace(/\B(?=(\d{3})+$)/g, " ");
    tail.textContent = `${entries(count)} shown`;
    show.hidden = true;
  };
  show.addEventListener("click", insert);
  live.addEventListener("change", () => { if (live.checked && held.length) insert(); });

  const ask = async () => {
    let more = false;
    if (!document.hidden) {
      try {
        const { response, responseURL } = await load(url);
        if (responseURL.includes("/sign-in?")) {
          const link = document.createElement("a");
          link.href = location.href;
          link.textContent = "The session has ended: sign in again";
          return tail.replaceChildren(link);
        }
        const table = response.querySelector("table[data-next]");
        const rows = [...table.querySelectorAll("tbody > tr")].map((row) => document.adoptNode(row));
        url = table.dataset.next;
        more = "more" in table.dataset;
        waits = 3000;
        held.push(...rows);
        if (rows.length && live.checked) insert();
        else if (rows.length) {
          tail.textContent = entries(held.length);
          show.hidden = false;
        }
      } catch (failed) {
        const link = otherViewer(failed);
        if (link) {
          held.length = 0;
          show.hidden = true;
          return tail.replaceChildren(link);
        }
        // The server is away: ask less often.
        waits = Math.min(waits * 2, 60000);
      }
    }
    // The answer was full: the rest is there already.
    setTimeout(ask, more ? 0 : waits);
  };
  setTimeout(ask, waits);
}
