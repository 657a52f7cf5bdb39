// Whether two runs learn from the same data.

import type { Plan, DatasetIdentity } from '../protocol/messages';

/** The data in the form of a run file. The visitor's own data have the name of their files, and a checksum where it is known. */
export function identityOf({ own, ...dataset }: Plan['dataset']): DatasetIdentity {
  return { ...dataset, name: own?.name ?? dataset.name, sum: own?.sum ?? null };
}

/** Whether a run that learned from one may continue with the other. Files may have been renamed, but their content must be the same. */
export function isSame(before: DatasetIdentity, dataset: Plan['dataset']): boolean {
  const now = identityOf(dataset);
  const tells = before.sum && now.sum ? (['sum'] as const) : (['name', 'train', 'test', 'channels', 'height', 'width', 'classes'] as const);
  return tells.every((each) => before[each] === now[each]);
}
