import type { Priority } from '@temporalio/common';
import { onAbort } from './onAbort.ts';
import { keyOf } from './turns.ts';

interface Outside {
  readonly enter: () => void;
  readonly together: boolean;
  readonly part: Priority | undefined;
}

/** Lets work in as long as there is room: of one lap in the order in which it came, and of several in turns. */
export class Door {
  readonly #hasRoom: () => boolean;
  readonly #next: (outside: readonly Outside[]) => Outside | undefined;
  readonly #outside: Outside[] = [];
  /** Calls of what came in are on their way, and not counted yet. */
  #settles = false;

  /** @param next whose turn it is. @default the first's */
  constructor(hasRoom: () => boolean, next: (outside: readonly Outside[]) => Outside | undefined = ([first]) => first) {
    this.#hasRoom = hasRoom;
    this.#next = next;
  }

  /**
   * Resolves when it may come in.
   * @param together whether it is several calls at once: nothing comes in after it before they are counted.
   * @param part whose it is.
   * @throws the signal's reason.
   */
  enter(signal: AbortSignal, together: boolean, part?: Priority): Promise<void> {
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => reject(signal.reason as Error));
      const enter = () => {
        forget();
        resolve();
      };
      this.#outside.push({ enter, together, part });
      this.open();
    });
  }

  /** Lets in what there is room for now. */
  open(): void {
    while (this.#outside.length > 0 && !this.#settles && this.#hasRoom()) {
      const next = this.#next(this.#outside);
      if (next === undefined) return;
      this.#outside.splice(this.#outside.indexOf(next), 1);
      next.enter();
      // Whose turn it is then depends on the calls of this one.
      const isShared = this.#outside.some(({ part }) => keyOf(part) !== keyOf(next.part));
      if (!next.together && !isShared) continue;
      this.#settles = true;
      setImmediate(() => {
        this.#settles = false;
        this.open();
      });
    }
  }
}
