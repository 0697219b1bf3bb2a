// Applied before the first paint, so that a chosen appearance never flashes; a file of its own, as the page's security
// policy allows no script in its text.
try {
  const theme = localStorage.getItem("refdesk-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing shows what the system prefers.
}
