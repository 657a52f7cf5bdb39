// Parts of the page that are drawn in an animation frame after they changed, each no oftener than the eye has use for.

export interface Part {
  /** Draws it in a frame, once its pause is over. */
  redraw(): void;
  /** Draws it in the very next frame, however lately it was drawn. */
  redrawNow(): void;
}

interface Drawn {
  every_ms: () => number;
  draw: () => void;
  is_due: boolean;
  drawn_at: number;
}

export class Frames {
  private readonly parts: Drawn[] = [];
  private frame = 0;

  /** A part that is drawn at most every so many milliseconds. Parts are drawn in the order in which they were made. */
  part(every_ms: () => number, draw: () => void): Part {
    const part: Drawn = { every_ms, draw, is_due: false, drawn_at: Number.NEGATIVE_INFINITY };
    this.parts.push(part);
    const redraw = (): void => {
      part.is_due = true;
      this.frame ||= requestAnimationFrame(this.draw);
    };
    const redrawNow = (): void => {
      part.drawn_at = Number.NEGATIVE_INFINITY;
      redraw();
    };
    return { redraw, redrawNow };
  }

  private readonly draw = (now: number): void => {
    this.frame = 0;
    for (const part of this.parts) {
      if (!part.is_due || now - part.drawn_at < part.every_ms()) continue;
      part.is_due = false;
      part.drawn_at = now;
      part.draw();
    }
    if (this.parts.some(({ is_due }) => is_due)) this.frame ||= requestAnimationFrame(this.draw);
  };
}
