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

  const errors = document.getElementById("errors");
  if (errors) errors.focus();
})();
