// Light or dark: as the system has it, until somebody chooses; a link may choose too.

const KEY = 'lacuna-theme';

/** A browser that keeps nothing for this page throws; the theme then lasts as long as the page. */
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
    // Nothing is lost but the choice.
  }
}

/** Applies the theme now and whenever it changes, and calls `recolour` after that: canvases do not follow by themselves. */
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
    // What the system prefers need not be remembered, and then follows the system again.
    chosen = (next === 'dark') === system_dark.matches ? null : next;
    remember(chosen);
    apply();
  });
  system_dark.addEventListener('change', apply);
  addEventListener('hashchange', apply);
  apply();
}
