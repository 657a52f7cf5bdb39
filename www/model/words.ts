// Sentences and names that several parts of the page use.

import type { Group, Plan } from '../protocol/messages';

/** A message of the engine as a sentence. */
export function sentence(words: string): string {
  // Chinese has a full stop of its own.
  const stop = /[.!?。！？]$/.test(words) ? '' : /\p{Script=Han}\P{L}*$/u.test(words) ? '。' : '.';
  return words.charAt(0).toUpperCase() + words.slice(1) + stop;
}

/** The message of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether a unit of the group draws an image, so that it is a channel. */
export const isChannel = (group: Group): boolean => group.map_width > 1;

/** What the gated units of a network are called. */
export const unitsOf = (plan: Pick<Plan, 'groups'> | null): string =>
  plan && plan.groups.every((group) => !group.gated || isChannel(group)) ? 'channels' : 'units';
