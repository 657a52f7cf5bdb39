// Draws parts of the page in an animation frame after they changed, each at most as often as its pace says. What does not fit in a frame is drawn in
// the next one.

const still = (): boolean => globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false;

/** Milliseconds of drawing after which the parts of other paces wait for the next frame. */
const ENOUGH_MS = 3;

/** Least milliseconds between two drawings. Parts of one pace are drawn in the same frame, so that they agree. */
export const PACES = {
  network: (): number => (still() ? 600 : 60),
  history: (): number => 60,
  curves: (): number => 180,
  words: (): number => 220,
  runs: (): number => 300,
};
export type Pace = keyof typeof PACES;

export interface Part {
  /** Draws the part in a frame, once the interval of its pace is over. */
  redraw(): void;
  /** Draws the part, and all changed parts of its pace, in the next frame, even if they were drawn recently. */
  redrawNow(): void;
}

interface Drawn {
  draw: () => void;
  is_due: boolean;
}

interface Group {
  every_ms: () => number;
  drawn_at: number;
  parts: Drawn[];
}

export class Frames<Name extends string = Pace> {
  private readonly groups: Record<Name, Group>;
  private readonly clock: () => number;
  private frame = 0;

  /**
   * Parts of a pace are drawn in the order in which they were made. Of the paces the one comes first that was not drawn for longest. `clock`: a time in
   * milliseconds.
   */
  constructor(paces: Record<Name, () => number>, clock = (): number => performance.now()) {
    this.clock = clock;
    const entries = Object.entries<() => number>(paces).map(([name, every_ms]) => [name, { every_ms, drawn_at: Number.NEGATIVE_INFINITY, parts: [] }]);
    this.groups = Object.fromEntries(entries) as Record<Name, Group>;
  }

  part(pace: Name, draw: () => void): Part {
    const part: Drawn = { draw, is_due: false };
    const group = this.groups[pace];
    group.parts.push(part);
    const redraw = (): void => {
      part.is_due = true;
      this.frame ||= requestAnimationFrame(this.draw);
    };
    const redrawNow = (): void => {
      group.drawn_at = Number.NEGATIVE_INFINITY;
      redraw();
    };
    return { redraw, redrawNow };
  }

  /** Draws the changed parts of that pace now, without a frame. */
  flush(pace: Name): void {
    drawDue(this.groups[pace]);
  }

  private readonly draw = (now: number): void => {
    this.frame = 0;
    const begun = this.clock();
    const changed = Object.values<Group>(this.groups).filter(isDue);
    for (const group of changed.filter(({ drawn_at, every_ms }) => now - drawn_at >= every_ms()).sort((a, b) => compare(a.drawn_at, b.drawn_at))) {
      if (this.clock() - begun >= ENOUGH_MS) break;
      group.drawn_at = now;
      drawDue(group);
    }
    if (Object.values<Group>(this.groups).some(isDue)) this.frame ||= requestAnimationFrame(this.draw);
  };
}

const isDue = ({ parts }: Group): boolean => parts.some(({ is_due }) => is_due);

/** The order of two times, of which both may be infinite. */
const compare = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

function drawDue({ parts }: Group): void {
  for (const part of parts.filter(({ is_due }) => is_due)) {
    part.is_due = false;
    part.draw();
  }
}
