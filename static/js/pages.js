/* What every page has: the viewer's time zone told to the server, and buttons that only a browser can answer. */
"use strict";

(() => {
  const YEAR = 31_536_000;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=${YEAR}; samesite=lax`;

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
  });
})();
