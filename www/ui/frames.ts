// Parts of the page that are drawn in an animation frame after they changed, each no oftener than the eye has use for.

const still = (): boolean => globalThis.matchMedia?.('(prefers-reduced-motion: reduce)').matches ?? false;

/** Milliseconds between two drawings, at least. Parts of one pace are drawn together, so that what they say agrees. */
export const PACES = {
  network: (): number => (still() ? 600 : 60),
  history: (): number => 60,
  curves: (): number => 180,
  words: (): number => 220,
  runs: (): number => 300,
};
export type Pace = keyof typeof PACES;

export interface Part {
  /** Draws it in a frame, once the pause of its pace is over. */
  redraw(): void;
  /** Draws it in the very next frame, however lately it was drawn, and with it all of its pace that changed. */
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

  /** Draws what changed of that pace at once, without waiting for a frame. */
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
