/* Draws the figures that the server made: each <div data-figure="key"> from the JSON beside it, those in view first.
   Colours and fonts are names of the style sheet's custom properties; here they become what they mean in the viewer's theme. */
"use strict";

(() => {
  const NARROW = 480, WIDE = 22;
  const drawn = new Set();

  function resolved(part, style) {
    if (typeof part === "string") {
      const name = /^var\((--[\w-]+)\)$/.exec(part);
      return name ? style.getPropertyValue(name[1]).trim() : part;
    }
    if (Array.isArray(part)) return part.map((each) => resolved(each, style));
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, resolved(value, style)]));
  }

  function inLines(name) { // names leave the bars their room
    const lines = [""];
    for (const word of name.split(" ")) {
      const line = lines[lines.length - 1];
      if (line && line.length + word.length >= WIDE) lines.push(word);
      else lines[lines.length - 1] = line ? `${line} ${word}` : word;
    }
    return lines.join("<br>");
  }

  function narrowed(plot) {
    plot.layout.font.size = 11;
    if (plot.layout.polar) Object.assign(plot.layout, { height: 260, margin: { l: 70, r: 70, t: 30, b: 24 } });
    if (plot.layout.xaxis?.type === "category") Object.assign(plot.layout.xaxis, { nticks: 5 });
    if (!plot.data.some((trace) => trace.orientation === "h")) {
      for (const trace of plot.data) { // else Plotly makes a bar's number as narrow as the bar
        if (trace.type === "bar") Object.assign(trace, { constraintext: "none", textfont: { size: 9 } });
      }
      return plot;
    }
    if (plot.layout.xaxis) Object.assign(plot.layout.xaxis, { nticks: 4, tickangle: 0 });
    for (const trace of plot.data) trace.y = trace.y.map(inLines); // the marks, too: by another name they stand in a row of their own
    return plot;
  }

  function draw(box) {
    const written = JSON.parse(document.getElementById(box.dataset.figure).textContent);
    const plot = resolved(written, getComputedStyle(document.documentElement));
    const { data, layout, config } = box.clientWidth < NARROW ? narrowed(plot) : plot;
    drawn.add(box);
    box.style.minHeight = `${layout.height}px`;
    return window.Plotly.react(box, data, layout, config);
  }

  const boxes = document.querySelectorAll("[data-figure]");
  if (!window.Plotly) {
    boxes.forEach((box) => box.parentElement.querySelector("details").setAttribute("open", ""));
    return;
  }
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "300px" });
  const idle = window.requestIdleCallback || ((act) => setTimeout(act, 200));
  function drawTheRest() { // one at a time, so that scrolling never waits; what is folded away waits to be seen
    const next = [...document.querySelectorAll("[data-figure]")].find((box) => !drawn.has(box) && box.clientWidth);
    if (!next) return;
    watcher.unobserve(next);
    draw(next);
    idle(drawTheRest);
  }
  const watch = (box) => {
    const { layout } = JSON.parse(document.getElementById(box.dataset.figure).textContent);
    box.style.minHeight = `${layout.height}px`; // nothing below jumps when it is drawn
    watcher.observe(box);
  };
  boxes.forEach(watch);
  window.addEventListener("load", () => idle(drawTheRest));
  document.addEventListener("filled", (event) => {
    drawn.forEach((box) => { if (!box.isConnected) drawn.delete(box); });
    event.target.querySelectorAll("[data-figure]").forEach(watch);
    idle(drawTheRest);
  });
  window.addEventListener("beforeprint", () => { // what was never scrolled to is printed, too
    document.querySelectorAll("[data-figure]").forEach((box) => { if (!drawn.has(box)) draw(box); });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(draw));
})();
