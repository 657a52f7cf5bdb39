// The panel that checks every kernel on the visitor's adapter.

import { phaseOf } from '../../model/selectors';
import { at } from '../../ui/element';
import type { Feature } from '../../ui/page';

export const check: Feature = {
  mount: () => undefined,
  panel: {
    name: 'check',
    async open(page) {
      const { CheckView } = await import('./view');
      // The run pauses during a check.
      let rests = false;
      new CheckView(at('check'), {
        begin: () => {
          rests = phaseOf(page.state.run) === 'training';
          if (rests) page.ask({ kind: 'pause' });
        },
        end: () => {
          // The worker may not have paused yet.
          if (rests && ['paused', 'training'].includes(phaseOf(page.state.run))) page.ask({ kind: 'train' });
        },
      });
    },
  },
};
