// Parts of the page that are redrawn in a frame after they changed, each no oftener than the eye has use for.

export interface Part {
  every_ms: () => number;
  draw: () => void;
}

export class Frames<Name extends string> {
  private readonly parts: Record<Name, Part>;
  private readonly due = new Set<Name>();
  private readonly drawn_at = new Map<Name, number>();
  private frame = 0;

  constructor(parts: Record<Name, Part>) {
    this.parts = parts;
  }

  redraw(...names: Name[]): void {
    for (const name of names) this.due.add(name);
    this.frame ||= requestAnimationFrame(this.draw);
  }

  /** The same in the very next frame, however lately they were drawn. */
  redrawNow(...names: Name[]): void {
    for (const name of names) this.drawn_at.delete(name);
    this.redraw(...names);
  }

  private readonly draw = (now: number): void => {
    this.frame = 0;
    for (const name of Object.keys(this.parts) as Name[]) {
      const { every_ms, draw } = this.parts[name];
      if (!this.due.has(name) || now - (this.drawn_at.get(name) ?? -Infinity) < every_ms()) continue;
      this.due.delete(name);
      this.drawn_at.set(name, now);
      draw();
    }
    if (this.due.size > 0) this.frame = requestAnimationFrame(this.draw);
  };
}
