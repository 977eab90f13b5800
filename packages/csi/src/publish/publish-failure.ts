import { NiphasError, toNiphasError } from "@niphas/core";
import type { BackgroundWork } from "../background/background-work.ts";
import type { VolumeRemover } from "../volumes/volume-remover.ts";
import type { VolumeTarget } from "./request.ts";

/**
 * Leaves nothing behind a failed publish. The kubelet takes most codes as final and never calls again, not even to
 * unpublish: so the code leaves only when mount, directory, roots and work are gone.
 */
export class PublishFailure {
  readonly #remover: VolumeRemover;
  readonly #work: BackgroundWork;

  constructor(components: { readonly remover: VolumeRemover; readonly work: BackgroundWork }) {
    this.#remover = components.remover;
    this.#work = components.work;
  }

  /** @returns the error to answer with: the given one, or VolumeBusy (not final) when something could not be undone */
  async settle(target: VolumeTarget, cause: unknown): Promise<NiphasError> {
    const error = toNiphasError(cause);
    if (this.#goesOn(target, error)) return error;
    await this.#work.leave(target.volumeId);
    try {
      if (this.#remover.isAnythingLeft(target)) this.#remover.undo(target);
      return error;
    } catch (undoError) {
      const message = `publishing failed and what was made could not be removed yet; retry later. Cause: ${error.message}`;
      throw new NiphasError("VolumeBusy", message, { cause: new AggregateError([undoError, error]) });
    }
  }

  /** Progress answers and clients that left end neither the work nor its roots: the next call joins in. */
  #goesOn(target: VolumeTarget, error: NiphasError): boolean {
    const isPause = error.code === "StillFetching" || error.code === "Cancelled" || error.code === "VolumeBusy";
    return isPause && this.#work.isInterested(target.volumeId);
  }
}
