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
    page.offer('make-lesson', async (opener) => (await page.load(import('./view')))?.composeLesson(factsOf(page), opener));
  },
};
