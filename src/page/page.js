// Conveniences of the page: the viewer's time zone, keys, the live tail, copying. Everything else works without it.
"use strict";

const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const first = (selector) => document.querySelector(selector);

// A one-time link is exchanged by POST. Without a script, the viewer presses the button.
first("form[data-submit]")?.requestSubmit();

// The server writes times in the viewer's zone once it knows it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const shownZone = document.body.dataset.zone;
if (zone && /^[A-Za-z0-9_+\-/]+$/.test(zone)) {
  const before = document.cookie;
  document.cookie = `krosyn-audit-tz=${zone}; Path=/; SameSite=Strict; Max-Age=31536000`;
  // Once: where cookies are off, the cookie does not change. Names of the same zone may differ.
  if (shownZone && shownZone !== zone && document.cookie !== before) location.reload();
}

// Drop-downs close by Escape and by a click elsewhere.
const picks = all(".pick");
addEventListener("click", (event) => {
  for (const pick of picks) if (!pick.contains(event.target) && !pick.querySelector(".error")) pick.open = false;
});

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

// Keys: j and k move between entries, Enter opens, / goes to the text filter, ? shows help.
const rows = all(".log td > details > summary");
const move = (step) => {
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

// The live tail asks for entries behind the last known id, while the page is visible.
const tail = first("#tail[data-tail]");
if (tail) {
  let waits = 3000;
  const ask = async () => {
    try {
      if (!document.hidden) {
        const answer = await fetch(tail.dataset.tail, { redirect: "error" });
        if (!answer.ok) throw new Error(answer.status);
        const { new: count, more } = await answer.json();
        waits = 3000;
        const text = `${count}${more ? "+" : ""} new ${count === 1 ? "entry" : "entries"}`;
        if (count > 0 && tail.textContent !== text) {
          const link = document.createElement("a");
          link.href = location.href;
          link.textContent = text;
          tail.replaceChildren(link);
        }
      }
    } catch {
      // The server is away, or the session has ended: ask less often.
      waits = Math.min(waits * 2, 60000);
    }
    setTimeout(ask, waits);
  };
  setTimeout(ask, waits);
}
