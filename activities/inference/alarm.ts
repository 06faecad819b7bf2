/** Rings once, by the earliest time that it was set to since it last rang. */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #at = Infinity;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** @param at milliseconds since the epoch. */
  ringBy(at: number): void {
    if (this.#at <= at) return;
    this.off();
    this.#at = at;
    this.#timer = setTimeout(() => {
      this.#at = Infinity;
      this.#ring();
    }, at - Date.now());
  }

  off(): void {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}
