// The goal on the budget's bar: a slider for the keep ratio at the end, which may be moved during a run.

import { count, percent } from '../../model/format';
import { t } from '../../words/words';

const LEAST = 0.01;
const STEP = 0.01;
const LEAP = 0.1;

/** Three digits, like the control of the keep ratio. */
const rounded = (keep_ratio: number, most: number): number => Number(Math.min(most, Math.max(LEAST, keep_ratio)).toPrecision(3));

export class GoalView {
  private keep_ratio: number | null = null;
  private most = 1;
  private units = 0;
  private shown = '';
  private readonly mark: HTMLElement;

  /** `changed` is called with every keep ratio that the mark is moved to. */
  constructor(mark: HTMLElement, changed: (keep_ratio: number) => void) {
    this.mark = mark;
    const track = mark.parentElement ?? mark;
    const move = (keep_ratio: number): void => {
      const to = rounded(keep_ratio, this.most);
      if (this.keep_ratio === null || to === this.keep_ratio) return;
      // Keys may come faster than the engine's answers: the next one starts from this value.
      this.draw(this.units, to, this.most);
      changed(to);
    };
    const under = (event: PointerEvent): number => {
      const { left, width } = track.getBoundingClientRect();
      return (event.clientX - left) / Math.max(1, width);
    };
    mark.addEventListener('pointerdown', (event) => {
      if (this.keep_ratio !== null) mark.setPointerCapture(event.pointerId);
    });
    mark.addEventListener('pointermove', (event) => {
      if (mark.hasPointerCapture(event.pointerId)) move(under(event));
    });
    mark.addEventListener('keydown', (event) => {
      const { keep_ratio: at } = this;
      if (at === null) return;
      const [up, leap] = [event.shiftKey ? LEAP : STEP, LEAP];
      const to = {
        ArrowRight: at + up,
        ArrowUp: at + up,
        ArrowLeft: at - up,
        ArrowDown: at - up,
        PageUp: at + leap,
        PageDown: at - leap,
        Home: LEAST,
        End: 1,
      }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      move(to);
    });
  }

  /** `keep_ratio`: null if the method has no budget that can be moved. `most`: where a falling budget begins. */
  draw(units: number, keep_ratio: number | null, most: number): void {
    [this.units, this.keep_ratio, this.most] = [units, keep_ratio, most];
    const code = `${units} ${keep_ratio} ${most}`;
    if (code === this.shown) return;
    this.shown = code;
    const { mark } = this;
    mark.hidden = keep_ratio === null;
    if (keep_ratio === null) return;
    mark.style.left = `${100 * keep_ratio}%`;
    mark.ariaValueMax = String(100 * most);
    mark.ariaValueNow = String(Number((100 * keep_ratio).toFixed(1)));
    const words = t`${percent(keep_ratio)}: ${count(keep_ratio * units)} of ${count(units)} units`;
    mark.ariaValueText = words;
    mark.title = t`The budget ends at ${words}. Drag to move it.`;
  }
}
