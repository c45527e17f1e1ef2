// Recomputes an index from the numbers on the page, and says whether it agrees.
(() => {
  "use strict";
  const told = document.getElementById("recomputed");
  if (!told) return;
  const [people, mean, mu, sigma2, tau2, index] =
    ["people", "mean", "mu", "sigma2", "tau2", "index"].map((name) => Number(told.dataset[name]));
  const swing = Math.sqrt(tau2 + sigma2 / people);
  const above = swing ? (15 * (mean - mu)) / swing : Math.sign(mean - mu) * 160;
  const again = Math.min(Math.max(100 + above, 40), 160);
  told.textContent =
    Math.abs(again - index) < 1e-6
      ? `刚才在本页按公示参数复算，结果一致：${again.toFixed(4)}。`
      : `在本页复算得 ${again.toFixed(4)}，与上面的 ${index.toFixed(4)} 不一致，请告诉管理员。`;
})();
