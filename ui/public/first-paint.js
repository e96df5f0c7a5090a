// Runs before the first paint: theme, language, direction and text size are right from the first frame on.
// The shell may name them in the address; without that the system decides. The settings follow.
(() => {
  const asked = new URLSearchParams(location.search);
  const root = document.documentElement;
  const language = asked.get('lang') ?? navigator.language;
  const arabic = language.toLowerCase().startsWith('ar');
  const theme = asked.get('theme');
  const strong = matchMedia('(prefers-contrast: more)').matches;
  const dark = theme ? theme.endsWith('dark') : matchMedia('(prefers-color-scheme: dark)').matches;
  root.lang = arabic ? 'ar' : 'en';
  root.dir = arabic ? 'rtl' : 'ltr';
  root.dataset.theme =
    (strong || theme?.startsWith('contrast') ? 'contrast-' : '') + (dark ? 'dark' : 'light');
  const size = asked.get('size');
  if (size) root.style.setProperty('font-size', `${size}%`);
})();
