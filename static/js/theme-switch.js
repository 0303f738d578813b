// The switch between the light and the dark theme.

import { findAll } from "./dom.js";
import { isDark } from "./lut.js";

// `onChange` follows whatever changes the theme, the system too.
export function bindTheme(onChange) {
  for (const button of findAll(".theme-switch")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const theme = isDark() ? "light" : "dark";
      document.documentElement.dataset.theme = theme;
      localStorage.setItem("theme", theme);
      onChange();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
}
