// What the units of a network are called.

import type { Group, Plan } from '../protocol/messages';
import { t, translated } from '../words/words';

/** Whether a unit of the group draws an image, so that it is a channel. */
export const isChannel = (group: Group): boolean => group.map_width > 1;

/** What the gated units of a network are called. */
export const unitsOf = (plan: Pick<Plan, 'groups'> | null): string =>
  plan && plan.groups.every((group) => !group.gated || isChannel(group)) ? t`channels` : t`units`;

/** The name of a group of units, as the page writes it. */
export const nameOf = (group: Pick<Group, 'name'>): string => translated(group.name);
