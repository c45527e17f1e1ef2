// A person has opened the page and sees it: the login goes on without another tap.
(() => {
  const form = document.getElementById("log-in");
  const submit = () => form.requestSubmit();
  if (document.visibilityState === "visible") submit();
  else document.addEventListener("visibilitychange", submit, { once: true });
})();
