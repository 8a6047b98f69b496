import { ask } from "../asking.ts";
import { InvalidStateError, invalidInput, invalidState } from "../errors.ts";
import type { StateManager } from "../state/manager.ts";
import type { EvmOptions } from "./options.ts";
import type { AnswerTo, EvmQuestion, EvmRequest } from "./requests.ts";
import type { ExecutionResult } from "./result.ts";
import { EvmSteps } from "./steps.ts";
import { asked, resolveAll, type StateInterface } from "./store.ts";

/** What becomes of an execution's changes. */
export type Commit = "commit" | "discard" | "checkpoint";

/**
 * Executes transactions and messages over a state. What is missing is awaited, from the fork below the state or from the
 * `stateInterface`, and the execution goes on from that very opcode. While it waits, the state can be read, but a
 * write to it ends the execution.
 */
export class Evm extends EvmSteps {
  readonly #store: StateInterface | undefined;
  #running = false;

  constructor(state: StateManager, options: EvmOptions = {}) {
    super(state, options);
    this.#store = options.stateInterface;
  }

  /**
   * Executes what was set and returns the result. A revert or halt is a result and no error. The changes are written into
   * the state; with "discard" they are not, with "checkpoint" in a checkpoint of its own. What ran on state overrides is
   * never written.
   *
   * @throws ExecutionError for a transaction that is refused; for a stateInterface that has failed, with its text and
   *   its error as `cause`. Nothing is written then, and the state goes on.
   */
  async execute({ commit = "commit" }: { commit?: Commit } = {}): Promise<ExecutionResult> {
    if (!["commit", "discard", "checkpoint"].includes(commit)) {
      throw invalidInput(`commit ${JSON.stringify(commit)} is not "commit", "discard" or "checkpoint"`);
    }
    if (this.#running) throw invalidState("an execution of this Evm is under way");
    this.#running = true;
    try {
      let request = this.#begin();
      while (request.type !== "readyToCommit" && request.type !== "result") request = await this.#serve(request);
      if (request.type === "readyToCommit") await this.#end(commit);
      return this.getResult();
    } catch (error) {
      if (!this.closed && !(error instanceof Elsewhere)) this.abort();
      throw error instanceof Elsewhere ? error.cause : error;
    } finally {
      this.#running = false;
    }
  }

  #begin(): EvmRequest {
    try {
      return this.start();
    } catch (error) {
      // One that was begun with `start` is under way: it is not ours to give up.
      throw error instanceof InvalidStateError ? new Elsewhere(error) : error;
    }
  }

  /** Waits for what the execution waits for, and goes on. */
  async #serve(request: EvmQuestion): Promise<EvmRequest> {
    const { carrier, fork } = this.state;
    if (fork !== undefined && request.type !== "precompile") {
      await carrier?.progress();
      return ask(carrier, () => this.resume());
    }
    // A precompiled contract is what the execution waits for, and nothing else is pending then that it needs first.
    const wanted = request.type === "precompile" ? [request] : this.pending();
    const answers = await resolveAll(this.#store, wanted, () => this.getPrecompileCall());
    for (const [question, answer] of answers) this.answer(question, answer as AnswerTo<EvmQuestion>);
    return this.resume();
  }

  async #end(commit: Commit): Promise<void> {
    if (commit === "discard") return this.discard();
    if (this.#store?.commitChanges !== undefined)
      await asked(async () => this.#store?.commitChanges?.(this.getStateChanges()));
    if (commit === "checkpoint") this.commitInCheckpoint();
    else this.commit();
  }
}

/** The failure of a call that has not begun our execution. */
class Elsewhere extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}
