/** Waiting that a signal ends. */

export function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return unlessAborted(new Promise((resolve) => setTimeout(resolve, milliseconds)), signal);
}

/** Raises the signal's reason when that is aborted first. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** For one who waits for several things at once: whoever rings lets them look what it was. */
export class Bell {
  #waiting: (() => void) | null = null;

  ring(): void {
    this.#waiting?.();
  }

  /** Returns when it rings, when the promise is settled, and after so many milliseconds, whichever is first. */
  async heard(milliseconds?: number, promise?: Promise<unknown>): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#waiting = resolve;
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds);
      promise?.then(
        () => resolve(),
        () => resolve(),
      );
    });
    clearTimeout(timer);
    this.#waiting = null;
  }
}
