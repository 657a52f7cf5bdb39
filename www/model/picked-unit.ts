// A unit of the network that the visitor clicked, and where.

export interface PickedUnit {
  /** Its place in the scores. */
  unit: number;
  /** In words. */
  name: string;
  /** The rectangle of its cell, in the window. */
  place: DOMRect;
  /** The element that had the focus. */
  from: HTMLElement;
}
