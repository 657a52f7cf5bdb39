// Draws parts of the page in an animation frame after they changed, each at most as often as its pace says.

const still = (): boolean => globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false;

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
  private frame = 0;

  /** Parts are drawn in the order of their paces, and within a pace in the order in which they were made. */
  constructor(paces: Record<Name, () => number>) {
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
    const groups = Object.values<Group>(this.groups);
    for (const group of groups) {
      if (!group.parts.some(({ is_due }) => is_due) || now - group.drawn_at < group.every_ms()) continue;
      group.drawn_at = now;
      drawDue(group);
    }
    if (groups.some(({ parts }) => parts.some(({ is_due }) => is_due))) this.frame ||= requestAnimationFrame(this.draw);
  };
}

function drawDue({ parts }: Group): void {
  for (const part of parts.filter(({ is_due }) => is_due)) {
    part.is_due = false;
    part.draw();
  }
}
