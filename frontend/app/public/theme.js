// Before the first paint, so that a chosen theme does not flash: too early for the page's module.
try {
  const theme = localStorage.getItem("tasklane:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is barred: the system's theme it is.
}
