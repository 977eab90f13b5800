import type { UploadSource } from "../network/nars/upload-source.ts";
import type { NarRequest } from "../network/wire/nar-messages.ts";
import type { NarAnswer, PeerId } from "../ports.ts";

/** Hears of each request for a NAR that is not here, of which one reason is that a collector has removed it. */
export class WatchedUploads implements UploadSource {
  readonly #source: UploadSource;
  readonly #onGone: () => void;

  constructor(components: { readonly source: UploadSource; readonly onGone: () => void }) {
    this.#source = components.source;
    this.#onGone = components.onGone;
  }

  hints(request: NarRequest): readonly PeerId[] {
    return this.#source.hints(request);
  }

  async open(request: NarRequest, from: PeerId, signal: AbortSignal): Promise<NarAnswer> {
    const answer = await this.#source.open(request, from, signal);
    if (answer.kind === "gone") this.#onGone();
    return answer;
  }
}
