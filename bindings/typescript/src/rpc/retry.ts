/** How often and for how long something is tried. */
export interface RetryOptions {
  /** Milliseconds for one attempt. Default 30,000. */
  timeoutMs?: number;
  /** Attempts after the first. Default 3. */
  retries?: number;
  /** Longest pause before the first of them, in milliseconds; it doubles with each further one. Default 250. */
  backoffInitialMs?: number;
  /** Limit to its growth, in milliseconds. Default 8,000. */
  backoffMaxMs?: number;
  /** Milliseconds for all attempts and the pauses between them. Default 120,000. */
  totalTimeoutMs?: number;
}

export const RETRY_DEFAULTS: Required<RetryOptions> = {
  timeoutMs: 30_000,
  retries: 3,
  backoffInitialMs: 250,
  backoffMaxMs: 8_000,
  totalTimeoutMs: 120_000,
};

/** A failure that another attempt may mend, after a pause of `retryAfterMs` at least. */
export class Passing extends Error {
  readonly retryAfterMs: number;
  /** What is thrown when no attempt is left. */
  readonly error: Error;

  constructor(error: Error, retryAfterMs = 0) {
    super(error.message);
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Makes attempts until one succeeds, fails for good, or no attempt or time is left. */
export async function retrying<T>(
  options: Required<RetryOptions>,
  attempt: (number: number, timeoutMs: number) => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + options.totalTimeoutMs;
  for (let number = 0; ; number++) {
    try {
      return await attempt(number, Math.max(1, Math.min(options.timeoutMs, deadline - Date.now())));
    } catch (failure) {
      if (!(failure instanceof Passing)) throw failure;
      const longest = Math.min(options.backoffMaxMs, options.backoffInitialMs * 2 ** number);
      const pause = Math.max(failure.retryAfterMs, Math.random() * longest);
      if (number >= options.retries || Date.now() + pause >= deadline) throw failure.error;
      await sleep(pause);
    }
  }
}
