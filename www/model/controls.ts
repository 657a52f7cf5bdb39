// What the controls show: as values, as a link, and as changes that wait for the engine, which checks all settings before any of them changes.

import type { Setting, Plan, Values } from '../protocol/messages';
import type { Controls, PendingChange } from './state';

/** The engine writes the default experiment as an empty link, which would open the experiment of a first visit. */
const WRITTEN_DEFAULT = 'gate_inputs=false';

/** What the controls will show if the engine accepts every pending change. */
export const requestedValues = ({ pending, values }: Controls): Values | null => pending.at(-1)?.values ?? values;

/** The settings without those that the last comparison set: each of these has its earlier value again, unless the visitor changed it since. */
export function withoutComparison({ values, by_comparison }: Controls): Values | null {
  if (!values || !by_comparison) return values;
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value === by_comparison.put[name] ? (by_comparison.before[name] ?? value) : value]),
  );
}

export const settingOf = ({ settings }: Controls, name: string): Setting | undefined => settings.find((setting) => setting.name === name);

/** A method's name as the controls show it. */
export function labelOf(controls: Controls, method: string): string {
  const kind = settingOf(controls, 'method')?.kind;
  return (kind?.type === 'choice' ? kind.choices.find(([name]) => name === method)?.[1] : null) ?? method;
}

/** Whether the controls differ from these values. */
export const differ = ({ values }: Controls, from: Values | null): boolean => Object.entries(values ?? {}).some(([name, value]) => from?.[name] !== value);

/** The controls with one more pending change. `ticket` numbers it: the engine's answer names that number. */
export function requestChange(controls: Controls, name: string, values: Values, compared: Values | null = null): Controls {
  const ticket = controls.ticket + 1;
  return { ...controls, ticket, pending: [...controls.pending, { ticket, name, values, compared }] };
}

/** The engine answered the change of that ticket: this change and those before it are no longer pending. */
export function settle(controls: Controls, ticket: number): { controls: Controls; wish: PendingChange | undefined } {
  const found = controls.pending.find((waiting) => waiting.ticket === ticket);
  return { controls: { ...controls, pending: controls.pending.filter((waiting) => waiting.ticket > ticket) }, wish: found };
}

/** The engine accepts a change. `changed`: the settings that have a new value. Null where a link replaced all settings meanwhile. */
export function accept(
  controls: Controls,
  { ticket, query, plan }: { ticket: number; query: string; plan: Plan },
): { controls: Controls; wish: PendingChange; changed: [name: string, value: string][] } | null {
  const settled = settle(controls, ticket);
  const { values } = controls;
  if (!settled.wish || !values) return null;
  const { wish: accepted } = settled;
  const changed = Object.entries(accepted.values).filter(([name, value]) => values[name] !== value);
  const by_comparison = accepted.compared ? { put: accepted.values, before: accepted.compared } : controls.by_comparison;
  return { controls: { ...settled.controls, values: accepted.values, by_comparison, plan, query: query || WRITTEN_DEFAULT }, wish: accepted, changed };
}

/** The controls show what a link says, or a saved run; pending changes are dropped. */
export const follow = (controls: Controls, values: Values, query: string): Controls => ({
  ...controls,
  values,
  by_comparison: null,
  pending: [],
  query: query || WRITTEN_DEFAULT,
});
