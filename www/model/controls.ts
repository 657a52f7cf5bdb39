// What the controls say: as values, as a link, and as wishes on their way to the engine, which checks the whole before anything is taken over.

import { Suggestions } from './suggestions';
import type { Contender, Knob, Plan, Report, Request, Values } from '../protocol/messages';

/** The engine writes the default experiment as nothing at all, which would read as a first visit. */
const WRITTEN_DEFAULT = 'gate_inputs=false';
const ADDRESS_MS = 250;

/** Somebody wants other values; `name` is the one that was moved, others came along. */
interface Wish {
  ticket: number;
  name: string;
  values: Values;
  /** What a comparison began from, where it is one that wants them. */
  compared: Values | null;
}

export class Controls {
  knobs: Knob[] = [];
  /** Who can take part in a comparison. */
  contenders: Contender[] = [];
  /** Null until the engine has read the page's link. */
  values: Values | null = null;
  query = '';
  /** The network that they stand for. */
  plan: Plan | null = null;
  readonly suggestions = new Suggestions();
  private wishes: Wish[] = [];
  /** What a comparison put here last, and what it began from. */
  private lent: { put: Values; before: Values } | null = null;
  private ticket = 0;
  private addressing = 0;
  private readonly ask: (request: Request) => void;

  constructor(ask: (request: Request) => void) {
    this.ask = ask;
  }

  /** What they will say if the engine agrees to everything. */
  get wished(): Values | null {
    return this.wishes.at(-1)?.values ?? this.values;
  }

  /** What they say of themselves: settings that the last comparison put here are as they were before it. */
  get unlent(): Values | null {
    const { values, lent } = this;
    if (!values || !lent) return values;
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value === lent.put[name] ? (lent.before[name] ?? value) : value]));
  }

  knob(name: string): Knob | undefined {
    return this.knobs.find((knob) => knob.name === name);
  }

  /** A method's name as the controls have it. */
  labelOf(method: string): string {
    const kind = this.knob('method')?.kind;
    return (kind?.type === 'choice' ? kind.choices.find(([name]) => name === method)?.[1] : null) ?? method;
  }

  /** Whether they ask for something else than these values. */
  differ(from: Values | null): boolean {
    return Object.entries(this.values ?? {}).some(([name, value]) => from?.[name] !== value);
  }

  wish(name: string, values: Values, compared: Values | null = null): void {
    this.ticket += 1;
    this.wishes.push({ ticket: this.ticket, name, values, compared });
    this.ask({ kind: 'link', ticket: this.ticket, values });
  }

  /** The engine agrees. Answers with the settings that change by it; null where the wish is void. */
  agree(link: Report & { kind: 'linked' }): (Wish & { changed: [name: string, value: string][] }) | null {
    const wish = this.settle(link.ticket);
    const { values } = this;
    if (!wish || !values) return null;
    const changed = Object.entries(wish.values).filter(([name, value]) => values[name] !== value);
    this.values = wish.values;
    if (wish.compared) this.lent = { put: wish.values, before: wish.compared };
    this.plan = link.plan;
    this.write(link.query);
    return { ...wish, changed };
  }

  /** The wish of that ticket is answered, and with it those before. */
  settle(ticket: number): Wish | undefined {
    const wish = this.wishes.find((waiting) => waiting.ticket === ticket);
    this.wishes = this.wishes.filter((waiting) => waiting.ticket > ticket);
    return wish;
  }

  /** They say what a link says, or a run that was kept; wishes of before are void. */
  follow(values: Values, query: string): void {
    this.values = values;
    this.lent = null;
    this.wishes = [];
    this.write(query);
  }

  private write(query: string): void {
    this.query = query || WRITTEN_DEFAULT;
    clearTimeout(this.addressing);
    this.addressing = window.setTimeout(() => history.replaceState(null, '', `?${this.query}${location.hash}`), ADDRESS_MS);
  }
}
