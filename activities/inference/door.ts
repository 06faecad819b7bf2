import { onAbort } from './onAbort.ts';

/** Lets work in as long as there is room, in the order in which it came. */
export class Door {
  readonly #hasRoom: () => boolean;
  readonly #outside: { readonly enter: () => void; readonly together: boolean }[] = [];
  /** Calls of what came in together are on their way, and not counted yet. */
  #settles = false;

  constructor(hasRoom: () => boolean) {
    this.#hasRoom = hasRoom;
  }

  /**
   * Resolves when it may come in.
   * @param together whether it is several calls at once: nothing comes in after it before they are counted.
   * @throws the signal's reason.
   */
  enter(signal: AbortSignal, together: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => reject(signal.reason as Error));
      const enter = () => {
        forget();
        resolve();
      };
      this.#outside.push({ enter, together });
      this.open();
    });
  }

  /** Lets in what there is room for now. */
  open(): void {
    while (this.#outside.length > 0 && !this.#settles && this.#hasRoom()) {
      const next = this.#outside.shift();
      next?.enter();
      if (next?.together !== true) continue;
      this.#settles = true;
      setImmediate(() => {
        this.#settles = false;
        this.open();
      });
    }
  }
}
