// The middle of the page: the network, or the panel of a feature, which is imported when it is first shown.

import { messageOf } from '../model/words';
import { at } from '../ui/element';
import type { Feature, Page } from '../ui/page';
import { t } from '../words/words';

type Panel = NonNullable<Feature['panel']>;

const buttons = (): NodeListOf<HTMLButtonElement> => document.querySelectorAll<HTMLButtonElement>('.top nav > button[value]');

export class Panels {
  private readonly page: Page;
  private readonly panels: Map<string, Panel>;
  /** Panels that are loaded or being loaded. */
  private readonly opened = new Map<string, Promise<void>>();

  constructor(page: Page, features: Feature[]) {
    this.page = page;
    this.panels = new Map(features.flatMap(({ panel }) => (panel ? [[panel.name, panel]] : [])));
    for (const button of buttons()) button.addEventListener('click', () => page.dispatch({ kind: 'view', name: button.value }));
    page.follow(
      ({ view }) => [view],
      () => {
        const { view } = page.state;
        document.body.dataset['view'] = view;
        for (const button of buttons()) button.ariaPressed = String(button.value === view);
      },
    );
    // Also where the panel is loaded already.
    page.listen((news) => {
      if (news.kind === 'viewed') void this.bring(news.name);
    });
  }

  /** Shows the network, or a panel once it is loaded. */
  async show(name: string): Promise<void> {
    this.page.dispatch({ kind: 'view', name });
    await this.bring(name);
  }

  /** Where a panel cannot be loaded, the next press tries again. */
  private async bring(name: string): Promise<void> {
    const panel = this.panels.get(name);
    if (!panel) return;
    const place = at(name);
    place.querySelector('.unloaded')?.remove();
    const opening = this.opened.get(name) ?? panel.open(this.page);
    this.opened.set(name, opening);
    try {
      await opening;
    } catch (error) {
      this.opened.delete(name);
      if (place.querySelector('.unloaded')) return;
      const words = document.createElement('p');
      words.className = 'unloaded refusal';
      words.setAttribute('role', 'alert');
      words.textContent = t`This panel could not be loaded: ${messageOf(error)}. Press its button again.`;
      place.append(words);
    }
  }
}
