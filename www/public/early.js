// Runs before the first paint, which would else show another theme than the one that was chosen, or a lesson's page without the lesson.
// `ui/theme.ts` goes on from here; what is awaited has come when `app/start.ts` says so, and the page shows itself without it after a while.
{
  const { dataset } = document.documentElement;
  let theme = /theme=(light|dark)/.exec(location.hash)?.[1];
  try {
    theme ??= localStorage.getItem('lacuna-theme');
  } catch {
    // A browser that keeps nothing for this page throws.
  }
  if (theme) dataset.theme = theme;
  if (/[#&]lesson=/.test(location.hash)) dataset.awaits = 'lesson';
}
