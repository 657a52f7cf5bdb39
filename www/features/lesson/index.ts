// Shows the lesson of the page's link, and makes links with lessons.

import type { Feature } from '../../ui/page';
import { factsOf } from '../../ui/page-facts';

export const lesson: Feature = {
  mount(page) {
    let view: { read(): void } | null = null;
    page.onHash(async (hash) => {
      if (view || !/[#&]lesson=/.test(hash)) return;
      const module = await page.load(import('./view'));
      if (!module || view) return;
      view = new module.LessonView(factsOf(page));
      view.read();
    });
    page.offer('open-lesson', async ({ query, lesson: opened }) => {
      const module = await page.load(import('./model'));
      if (!module) return;
      // Not a new entry of the browser's history: a step back would change the address and not the run.
      location.replace(`#${module.writeLesson(opened, location.hash)}`);
      page.dispatch({ kind: 'link', query, trains: false });
    });
    page.offer('make-lesson', async (opener) => (await page.load(import('./view')))?.composeLesson(factsOf(page), opener));
  },
};
