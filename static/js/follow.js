/* Keeps a fragment of the page fresh: <div data-follow="address" data-every="15"> is filled anew from its address every so many
   seconds (one, where nothing is said), until the answer holds [data-finished]. A hidden tab asks nothing. Who is writing then
   finds a link, whose words are those of data-changed. Who is no longer logged in is asked to, instead of being shown for
   ever what was. */
"use strict";

(() => {
  const PAUSE = 1000;
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  const seen = () => new Promise((done) => {
    if (!document.hidden) return done();
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      done();
    };
    document.addEventListener("visibilitychange", look);
  });

  async function fragment(address) {
    try {
      const answer = await fetch(address, { redirect: "manual", cache: "no-store" });
      const isLoggedOut = answer.type === "opaqueredirect"; // only to log in is anybody sent from here
      return { isLoggedOut, gone: !answer.ok && answer.status < 500, html: answer.ok ? await answer.text() : null };
    } catch {
      return { isLoggedOut: false, gone: false, html: null }; // the server is starting anew: ask again
    }
  }

  function finish(box) {
    const isWriting = document.activeElement?.matches("input, textarea, select") && document.activeElement.value;
    if (!isWriting) return location.reload();
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = box.dataset.changed;
    box.append(link);
  }

  function fill(box, html) {
    const isOpen = Boolean(box.querySelector("details[open]"));
    box.innerHTML = html;
    if (isOpen) box.querySelector("details").setAttribute("open", "");
    box.dispatchEvent(new CustomEvent("filled", { bubbles: true })); // figures.js draws what came
  }

  async function follow(box) {
    const every = PAUSE * Number(box.dataset.every || 1);
    for (let failures = 0; ; ) {
      await pause(every * Math.min(1 + failures, 10));
      await seen();
      const { isLoggedOut, gone, html } = await fragment(box.dataset.follow);
      if (isLoggedOut) return finish(box);
      if (gone) return;
      failures = html === null ? failures + 1 : 0;
      if (html !== null) fill(box, html);
      if (box.querySelector("[data-finished]")) return finish(box);
    }
  }

  document.querySelectorAll("[data-follow]").forEach(follow);
})();
