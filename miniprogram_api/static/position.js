// Fills the position into the drop-off form when the member asks for it; without it all works.
(() => {
  const card = document.getElementById("position");
  if (!card || !("geolocation" in navigator)) return;
  const form = card.closest("form");
  const button = card.querySelector("button");
  const status = card.querySelector("[role=status]");
  const say = (text) => { status.textContent = text; };
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    say("正在取得位置……");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        form.elements.latitude.value = coords.latitude.toFixed(6);
        form.elements.longitude.value = coords.longitude.toFixed(6);
        form.elements.accuracy_m.value = String(Math.min(Math.ceil(coords.accuracy), 100000));
        button.disabled = false;
        say(`已取得位置（误差约 ${Math.ceil(coords.accuracy)} 米），提交时核验，核验后即丢弃。`);
      },
      (error) => {
        button.disabled = false;
        say(error.code === error.PERMISSION_DENIED
          ? "您没有允许使用位置。可以直接提交，按自行申报计。"
          : "暂时取不到位置，请到开阔处再试，或直接提交。");
      },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 },
    );
  });
})();
