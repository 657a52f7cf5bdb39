// What the features see of the page: its state, and ways to change it and to follow it.

import type { Action, News } from '../model/actions';
import type { State } from '../model/state';
import type { OwnFile, Report, Request } from '../protocol/messages';
import type { Pace } from './frames';
import type { Palette } from './palette';

/** What features do for one another, by name, with the argument of each. */
export interface Services {
  /** Says something to a screen reader. */
  announce: string;
  /** Opens the card of a claim. */
  claim: string;
  /** Opens the card in which a lesson is made, for the control that asked. */
  'make-lesson': HTMLElement;
  /** Opens a run from a file. */
  'open-run': File;
  /** Stores the list of runs for a reload. */
  'store-runs': null;
  /** Reads the visitor's files. */
  'read-files': { given: number; files: OwnFile[]; label: string };
  'stop-reading': null;
}

/** Values that are compared one by one. */
export type Selected = (state: State) => readonly unknown[];

/** Something that is drawn in an animation frame after what it depends on changed. */
export interface Drawing {
  /** What it depends on. */
  of: Selected;
  /** What it shows in the very next frame, however lately it was drawn. */
  soon?: Selected;
  /** How often at most, and with what together. */
  pace: Pace;
  draw: () => void;
}

export interface Page {
  readonly state: State;
  readonly palette: Palette;
  dispatch(action: Action): void;
  ask(request: Request): void;
  /** Shows the network or a panel in the middle, once it is there. */
  show(name: string): Promise<void>;
  /** Calls `act` now, and at once whenever what `of` selects changes. */
  follow(of: Selected, act: () => void): void;
  /** Draws now, and in a frame after each change. Gives what draws it once more. */
  draw(drawing: Drawing): () => void;
  /** Draws what changed of that pace at once. */
  flush(pace: Pace): void;
  /** Calls back after the state took the news in. Gives what ends that. */
  listen(listener: (news: News) => void): () => void;
  /** Calls `act` once, when the engine is loaded and its settings are known: what is fetched only then does not delay it. */
  onEngine(act: () => void): void;
  /** Puts another engine in the place of one that broke. */
  renewEngine(): void;
  /** Calls back when the colours of the page changed. */
  onColours(act: (palette: Palette) => void): void;
  /** Asks `takes` of each failure before anybody else hears of it; true: it is dealt with. */
  onFailure(takes: (failure: Report & { kind: 'failed' }) => boolean): void;
  /** Reads what the address asks of the page behind its #: now, and whenever that changes. */
  onHash(read: (hash: string) => Promise<void>): void;
  /** A module that is fetched when it is first wanted; null where it does not come, which a line on the page then says. */
  load<Module>(module: Promise<Module>): Promise<Module | null>;
  /** Does this for other features, and for the reducer's effects. */
  offer<Name extends keyof Services>(name: Name, act: (argument: Services[Name]) => void): void;
  /** Asks the feature that offers it. */
  call<Name extends keyof Services>(name: Name, argument: Services[Name]): void;
}

/** A part of the page. Its folder has all of it; app/features.ts names it. */
export interface Feature {
  mount(page: Page): void;
  /** Of a view in the middle: the name of its button and section, and how it is brought there first. Rejects where it cannot be loaded. */
  panel?: { name: string; open(page: Page): Promise<void> };
}
