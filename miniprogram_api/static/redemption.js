// Renews the redemption code before it dies; once it is collected, the page shows that instead.
(() => {
  const box = document.getElementById("code");
  if (!box) return;
  const renew = async () => {
    try {
      const answer = await fetch(box.dataset.source, { credentials: "same-origin" });
      if (!answer.ok) return;
      box.innerHTML = await answer.text();
      if (!box.querySelector("svg")) {
        clearInterval(timer);
        location.reload();
      }
    } catch {
      // Offline for a moment: the next round tries again.
    }
  };
  const timer = setInterval(renew, 10000);
})();
