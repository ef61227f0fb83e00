/* What every page has: the viewer's time zone told to the server, and buttons that only a browser can answer. */
"use strict";

(() => {
  const YEAR = 31_536_000;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=${YEAR}; samesite=lax`;

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });

  // A part of the page that could not be had stays as it was, and the page says so until the next answer comes.
  const answered = (isAnswered) => {
    const note = document.querySelector("[data-unanswered]");
    if (!note) return;
    note.hidden = isAnswered;
    note.textContent = isAnswered ? "" : note.dataset.unanswered;
  };
  for (const failed of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(failed, () => answered(false));
  document.addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.successful) answered(true); });

  // A slider says where it stands; back at the start, it says so in the words it came with.
  const told = (slider) => slider.parentElement.querySelector("output");
  const sliders = () => document.querySelectorAll(".lever input");
  sliders().forEach((slider) => { told(slider).dataset.start = told(slider).textContent; });
  const tell = (slider) => {
    const number = Number(slider.value).toLocaleString(document.documentElement.lang);
    told(slider).textContent = slider.value === slider.defaultValue ? told(slider).dataset.start : `${number} ${slider.dataset.unit}`.trim();
  };
  document.addEventListener("input", (event) => { if (event.target.matches(".lever input")) tell(event.target); });
  document.addEventListener("reset", () => setTimeout(() => sliders().forEach(tell)));
})();
