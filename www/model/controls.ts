// What the controls show: as values, as a link, and as wishes on their way to the engine, which checks the whole before anything changes.

import type { Setting, Plan, Values } from '../protocol/messages';
import type { Controls, Wish } from './state';

/** The engine writes the default experiment as an empty link, which would open the experiment of a first visit. */
const WRITTEN_DEFAULT = 'gate_inputs=false';

/** What they will show if the engine accepts every wish. */
export const wished = ({ wishes, values }: Controls): Values | null => wishes.at(-1)?.values ?? values;

/** What they show without the last comparison: the settings that it put here are as they were before it. */
export function unlent({ values, lent }: Controls): Values | null {
  if (!values || !lent) return values;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === lent.put[name] ? (lent.before[name] ?? value) : value]));
}

export const settingOf = ({ settings }: Controls, name: string): Setting | undefined => settings.find((setting) => setting.name === name);

/** A method's name as the controls show it. */
export function labelOf(controls: Controls, method: string): string {
  const kind = settingOf(controls, 'method')?.kind;
  return (kind?.type === 'choice' ? kind.choices.find(([name]) => name === method)?.[1] : null) ?? method;
}

/** Whether they ask for something else than these values. */
export const differ = ({ values }: Controls, from: Values | null): boolean => Object.entries(values ?? {}).some(([name, value]) => from?.[name] !== value);

/** With one wish more, whose ticket is the new one. */
export function wish(controls: Controls, name: string, values: Values, compared: Values | null = null): Controls {
  const ticket = controls.ticket + 1;
  return { ...controls, ticket, wishes: [...controls.wishes, { ticket, name, values, compared }] };
}

/** The wish of that ticket is answered, and with it those before. */
export function settle(controls: Controls, ticket: number): { controls: Controls; wish: Wish | undefined } {
  const found = controls.wishes.find((waiting) => waiting.ticket === ticket);
  return { controls: { ...controls, wishes: controls.wishes.filter((waiting) => waiting.ticket > ticket) }, wish: found };
}

/** The engine accepts a wish: the settings that change by it; null where the wish is void. */
export function accept(
  controls: Controls,
  { ticket, query, plan }: { ticket: number; query: string; plan: Plan },
): { controls: Controls; wish: Wish; changed: [name: string, value: string][] } | null {
  const settled = settle(controls, ticket);
  const { values } = controls;
  if (!settled.wish || !values) return null;
  const { wish: accepted } = settled;
  const changed = Object.entries(accepted.values).filter(([name, value]) => values[name] !== value);
  const lent = accepted.compared ? { put: accepted.values, before: accepted.compared } : controls.lent;
  return { controls: { ...settled.controls, values: accepted.values, lent, plan, query: query || WRITTEN_DEFAULT }, wish: accepted, changed };
}

/** They show what a link says, or a run that was saved; wishes from before are void. */
export const follow = (controls: Controls, values: Values, query: string): Controls => ({
  ...controls,
  values,
  lent: null,
  wishes: [],
  query: query || WRITTEN_DEFAULT,
});
