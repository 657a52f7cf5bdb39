// What tells the data of one run from those of another.

import type { Plan, Shown } from '../protocol/messages';

/** Data by the name of their files where they are the visitor's own, and by their sum where it is known. */
export function shownOf({ own, ...dataset }: Plan['dataset']): Shown {
  return { ...dataset, name: own?.name ?? dataset.name, sum: own?.sum ?? null };
}

/** Whether a run that learned from the one goes on with the other: files may be renamed, what they hold is the same. */
export function isSame(before: Shown, dataset: Plan['dataset']): boolean {
  const now = shownOf(dataset);
  const tells = before.sum && now.sum ? (['sum'] as const) : (['name', 'train', 'test', 'channels', 'height', 'width', 'classes'] as const);
  return tells.every((each) => before[each] === now[each]);
}
