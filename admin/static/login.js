// Saves the click; whatever only fetches the page does not run this.
document.getElementById("log-in").requestSubmit();
