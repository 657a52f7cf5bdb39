// Light or dark: the system decides, unless the visitor or a link chooses.

const KEY = 'lacuna-theme';

/** A browser that stores nothing for this page throws: then the theme lasts until the page is closed. */
function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(theme: string | null): void {
  try {
    if (theme === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Only the choice is lost.
  }
}

/** Applies the theme now and whenever it changes. Then calls `recolour`, because canvases must be redrawn. */
export function followTheme(button: HTMLElement, recolour: () => void): void {
  const system_dark = matchMedia('(prefers-color-scheme: dark)');
  const { dataset } = document.documentElement;
  let chosen = remembered();
  const apply = (): void => {
    const theme = /theme=(light|dark)/.exec(location.hash)?.[1] ?? chosen;
    if (theme) dataset['theme'] = theme;
    else delete dataset['theme'];
    recolour();
  };
  button.addEventListener('click', () => {
    const now = dataset['theme'] ?? (system_dark.matches ? 'dark' : 'light');
    const next = now === 'dark' ? 'light' : 'dark';
    const asked = location.hash.replace(/theme=(light|dark)&?/, '').replace(/[#&]$/, '');
    if (location.hash !== asked) history.replaceState(null, '', location.pathname + location.search + asked);
    // A choice that equals the system's theme is not stored: the page follows the system again.
    chosen = (next === 'dark') === system_dark.matches ? null : next;
    remember(chosen);
    apply();
  });
  system_dark.addEventListener('change', apply);
  addEventListener('hashchange', apply);
  apply();
}
