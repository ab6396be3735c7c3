// j and k (or the arrow keys): the next and the previous post on a post's page, up and down in a list.
// Everything works without this file.
"use strict";

const moves = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 };

document.addEventListener("keydown", (event) => {
  const step = moves[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select, audio, video, [contenteditable], pre, table")) return;
  if (event.key.startsWith("Arrow") && visualViewport?.scale > 1) return; // they move about in what is enlarged
  const neighbour = document.querySelector(step > 0 ? 'link[rel="next"]' : 'link[rel="prev"]');
  if (neighbour) {
    location.assign(neighbour.href);
    return;
  }
  if (event.key.startsWith("Arrow")) return;
  const posts = [...document.querySelectorAll("a.post")];
  const here = posts.indexOf(document.activeElement);
  const target = posts[here < 0 ? (step > 0 ? 0 : -1) : here + step];
  if (target) {
    target.focus();
    target.scrollIntoView({ block: "center" });
  }
});
