// A unit of the network that the visitor clicked, and where.

export interface PickedUnit {
  /** Its place in the scores. */
  unit: number;
  /** In words. */
  name: string;
  /** Of its cell, in the window. */
  place: DOMRect;
  /** What had the keyboard. */
  from: HTMLElement;
}
