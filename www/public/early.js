// Runs before the first paint: sets the chosen theme, hides the page of a lesson until the lesson is there, and lets no press be lost: before
// `app/main.ts` has started the page, nothing can be pressed. Later `ui/theme.ts` handles the theme. `app/start.ts` shows the page; without it a
// style sheet does so after 4 s.
{
  document.documentElement.inert = true;
  const { dataset } = document.documentElement;
  let theme = /theme=(light|dark)/.exec(location.hash)?.[1];
  try {
    theme ??= localStorage.getItem('lacuna-theme');
  } catch {
    // A browser that stores nothing for this page throws.
  }
  if (theme) dataset.theme = theme;
  if (/[#&]lesson=/.test(location.hash)) dataset.awaits = 'lesson';
}
