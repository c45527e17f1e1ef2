// Small courtesies on top of pages that work without them.
(() => {
  const offline = document.getElementById("offline");

  // A tab that nobody looks at asks for nothing.
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.hasAttribute("data-poll")) event.preventDefault();
  });

  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.body.addEventListener(failure, () => { if (offline) offline.hidden = false; });
  }
  document.body.addEventListener("htmx:beforeOnLoad", (event) => {
    if (offline && event.detail.xhr.status < 400) offline.hidden = true;
  });

  // New lines replace the sentence that says there are none.
  document.body.addEventListener("htmx:afterSwap", () => {
    for (const none of document.querySelectorAll(".none")) {
      if (document.querySelector("tr.fresh")) none.remove();
    }
  });

  // The screen of a point counts the seconds of its code.
  setInterval(() => {
    for (const left of document.querySelectorAll("[data-countdown]")) {
      left.textContent = Math.max(0, Number(left.textContent) - 1);
    }
  }, 1000);

  // A form with unsaved changes is not left by accident.
  for (const form of document.querySelectorAll("form[data-guard]")) {
    let changed = false;
    form.addEventListener("input", () => { changed = true; });
    form.addEventListener("submit", () => { changed = false; });
    window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
  }

  // A block copied from a workbook goes into the grid from the cell it is pasted into.
  for (const grid of document.querySelectorAll("[data-paste]")) {
    grid.addEventListener("paste", (event) => {
      const lines = event.clipboardData.getData("text").replace(/\r?\n$/, "").split(/\r?\n/);
      const rows = [...grid.querySelectorAll("tbody tr")];
      const from = event.target.closest("tr");
      if (!from || (lines.length === 1 && !lines[0].includes("\t"))) return;
      event.preventDefault();
      const column = [...from.querySelectorAll("input")].indexOf(event.target);
      lines.forEach((line, down) => {
        const cells = [...(rows[rows.indexOf(from) + down]?.querySelectorAll("input") ?? [])];
        line.split("\t").forEach((text, right) => {
          const cell = cells[column + right];
          if (!cell) return;
          cell.value = text.trim().replace(/,/g, "");
          cell.dispatchEvent(new Event("input", { bubbles: true }));
        });
      });
    });
  }

  const errors = document.getElementById("errors");
  if (errors) errors.focus();
})();
