// Sets the theme before the first paint; loaded blocking in the head, so it is no module and knows nothing else.
(() => {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be closed to the page: then the system's theme stands.
  }
})();
