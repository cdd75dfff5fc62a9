// Sends the CSRF token with every htmx request and keeps keyboard shortcuts out of text fields.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.cookie.split("; ").find((c) => c.startsWith("henvend_csrf="));
  if (token) event.detail.headers["x-csrf-token"] = token.slice("henvend_csrf=".length);
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (target) { event.preventDefault(); target.focus(); target.click(); }
});
