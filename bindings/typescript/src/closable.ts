/** What its finalizer needs: nothing that leads back to the object. */
interface Held {
  handle: number;
  destroy(handle: number): void;
}

// A safety net. The library ignores handles that are dead, so it does no harm behind an explicit close.
const forgotten = new FinalizationRegistry<Held>((held) => held.destroy(held.handle));

/** An object that stands for a handle of the library. */
export abstract class Closable {
  #held: Held;

  protected constructor(handle: number, destroy: (handle: number) => void) {
    this.#held = { handle, destroy };
    forgotten.register(this, this.#held, this.#held);
  }

  /** The handle; 0, which the library refuses with INVALID_HANDLE, after `close`. */
  get handle(): number {
    return this.#held.handle;
  }

  get closed(): boolean {
    return this.#held.handle === 0;
  }

  /**
   * Ends it. Whatever is called on it afterwards throws InvalidHandleError; closing it again does nothing. What was
   * never closed is closed some time after it was last used.
   */
  close(): void {
    const { handle, destroy } = this.#held;
    if (handle === 0) return;
    this.#held.handle = 0;
    forgotten.unregister(this.#held);
    destroy(handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
