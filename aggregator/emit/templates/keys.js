// Keys (see the list that `?` shows), and marks on what is new since the last visit.
// j and k go down and up: in a list from post to post, on a post's page through the list that one came from; without
// one, to the older and the newer post of the outlet. n and p are the outlet's next and previous post everywhere.
// Everything works without this file. What it keeps stays in the browser.
"use strict";

const LIST = "list"; // sessionStorage: the addresses of the posts in the list that one came from, and its own
const SEEN = "seen"; // localStorage: the posts seen, those seen before this visit, and when
const PAUSE = 30 * 60e3; // so long without a page, and the next one is another visit
const LATE = 48 * 3600e3; // a post may be published so long before it comes
const MOST = 1500; // posts remembered

const posts = [...document.querySelectorAll("a.post")];

function kept(store, name) {
  try {
    return JSON.parse(store().getItem(name)) ?? {};
  } catch {
    return {}; // no storage, or none of ours
  }
}

function keep(store, name, value) {
  try {
    store().setItem(name, JSON.stringify(value));
  } catch {
    // no storage: nothing is remembered
  }
}

const session = () => sessionStorage;
const local = () => localStorage;

// --- lists and posts ---

document.addEventListener("click", (event) => {
  if (event.target.closest("a.post")) keep(session, LIST, { from: location.href, posts: posts.map((post) => post.href) });
});

const related = (name) => document.querySelector(`link[rel="${name}"]`)?.href;

function beside(step) {
  const list = kept(session, LIST).posts ?? [];
  const here = list.indexOf(location.href.split("#")[0]);
  return here < 0 ? related(step > 0 ? "prev" : "next") : list[here + step];
}

function move(step) {
  if (document.querySelector("article.post")) return go(beside(step));
  const here = posts.indexOf(document.activeElement);
  const target = posts[here < 0 ? (step > 0 ? 0 : -1) : here + step] ?? posts.at(here < 0 ? step > 0 ? 0 : -1 : here);
  target?.focus();
  target?.scrollIntoView({ block: "center" });
}

function go(address) {
  if (address) location.assign(address);
}

function search() {
  const field = document.querySelector('input[type="search"]');
  if (field) field.select();
  else go(document.querySelector('header.site nav a[href$="search"]')?.href);
}

function help() {
  const shown = document.querySelector("#keys");
  if (shown?.open) shown.close();
  else shown?.showModal();
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  n: () => go(related("next")),
  p: () => go(related("prev")),
  ArrowRight: () => go(related("next")),
  ArrowLeft: () => go(related("prev")),
  u: () => go(kept(session, LIST).from),
  "/": search,
  "?": help,
};

document.addEventListener("keydown", (event) => {
  const act = Object.hasOwn(keys, event.key) && keys[event.key];
  if (!act || event.altKey || event.ctrlKey || event.metaKey || (event.shiftKey && !"/?".includes(event.key))) return;
  if (event.target.closest("input, textarea, select, audio, video, [contenteditable], pre, table")) return;
  if (event.key.startsWith("Arrow") && visualViewport?.scale > 1) return; // they move about in what is enlarged
  if (event.key === "/") event.preventDefault(); // some browsers search the page
  act();
});

// --- new since the last visit ---

const nameOf = (post) => new URL(post.href).pathname.slice(-13); // its hash, which is part of the address

function mark() {
  const now = Date.now();
  const known = kept(local, SEEN);
  const seen = Array.isArray(known.seen) ? known.seen : [];
  const another = !known.last || now - known.last > PAUSE;
  const visit = another ? { before: seen, until: known.last ?? 0 } : { before: known.before ?? [], until: known.until ?? 0 };
  const before = new Set(visit.before);
  let count = 0;
  for (const post of posts) {
    const card = post.closest(".card");
    const time = card?.querySelector("time");
    if (!time || !visit.until || before.has(nameOf(post))) continue;
    if (Date.parse(time.dateTime) < visit.until - LATE) continue;
    const label = document.createElement("li");
    label.className = "new";
    label.textContent = "new";
    card.querySelector(".meta")?.prepend(label);
    count += 1;
  }
  const told = document.querySelector(".since");
  if (told && count) {
    told.textContent = `${count} new since your last visit.`;
    told.hidden = false;
  }
  const all = [...new Set([...posts.map(nameOf), ...seen])].slice(0, MOST);
  keep(local, SEEN, { seen: all, last: now, ...visit });
}

mark();
