// The page as features see it: its state, and how to change and follow it.

import type { Action, News } from '../model/actions';
import type { State } from '../model/state';
import type { OwnFile, Report, Request, TableReading } from '../protocol/messages';
import type { Pace } from './frames';
import type { Palette } from './palette';

/** What features do for one another: a name, and the type of its argument. */
export interface Services {
  /** Announces a text to a screen reader. */
  announce: string;
  /** Opens the card of a claim. */
  claim: string;
  /** Opens the card in which a lesson is made. The argument is the control that opened it. */
  'make-lesson': HTMLElement;
  /** Opens an experiment with a title, a text and the parts of the page that stay. */
  'open-lesson': { query: string; lesson: { title: string; text: string; show: string[] } };
  /** Opens a run from a file. */
  'open-run': File;
  /** Stores the list of runs for a reload. */
  'store-runs': null;
  /** Reads the visitor's files. */
  'read-files': { given: number; files: OwnFile[]; table: TableReading };
  'stop-reading': null;
}

/** Values that are compared one by one. */
export type Selected = (state: State) => readonly unknown[];

/** A part that is drawn in an animation frame after its values changed. */
export interface Drawing {
  /** The values that it draws. */
  of: Selected;
  /** Values whose change is drawn in the next frame, even if the part was drawn recently. */
  soon?: Selected;
  /** How often it is drawn at most, and with which other parts. */
  pace: Pace;
  draw: () => void;
}

export interface Page {
  readonly state: State;
  readonly palette: Palette;
  dispatch(action: Action): void;
  ask(request: Request): void;
  /** Shows the network in the middle, or a panel once it is loaded. */
  show(name: string): Promise<void>;
  /** Calls `act` now, and whenever a value that `of` selects has changed. */
  follow(of: Selected, act: () => void): void;
  /** Draws now, and in a frame after each change. Returns a function that requests another drawing. */
  draw(drawing: Drawing): () => void;
  /** Draws the changed parts of that pace now. */
  flush(pace: Pace): void;
  /** Calls back after the state has changed by the news. Returns a function that ends that. */
  listen(listener: (news: News) => void): () => void;
  /** Calls `act` once, when the engine is loaded and its settings are known: what is fetched only then does not delay it. */
  onEngine(act: () => void): void;
  /** Replaces an engine that broke. */
  renewEngine(): void;
  /** Calls back when the colours of the page changed. */
  onColours(act: (palette: Palette) => void): void;
  /** Calls `takes` with each failure first. If it returns true, nothing else receives the failure. */
  onFailure(takes: (failure: Report & { kind: 'failed' }) => boolean): void;
  /** Calls back with the part of the address after #, now and whenever it changes. */
  onHash(read: (hash: string) => Promise<void>): void;
  /** A module that is fetched when it is first needed. Null if it cannot be loaded; a line on the page then says so. */
  load<Module>(module: Promise<Module>): Promise<Module | null>;
  /** Registers a function for other features and for the reducer's effects. */
  offer<Name extends keyof Services>(name: Name, act: (argument: Services[Name]) => void): void;
  /** Calls the function that a feature registered. */
  call<Name extends keyof Services>(name: Name, argument: Services[Name]): void;
}

/** A part of the page, in a folder of its own. app/features.ts lists it. */
export interface Feature {
  mount(page: Page): void;
  /** Of a view in the middle: the name of its button and section, and a function that loads it. It rejects if it cannot be loaded. */
  panel?: { name: string; open(page: Page): Promise<void> };
}
