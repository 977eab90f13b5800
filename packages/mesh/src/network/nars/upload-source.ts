import type { NarAnswer, PeerId } from "../../ports.ts";
import type { NarRequest } from "../wire/nar-messages.ts";

/** Where the bytes come from that peers ask for. */
export interface UploadSource {
  /**
   * The body must give exactly the bytes from the asked start to the answer's end, and is closed (`return()`) when the
   * peer goes away. It must not stand still: what is not here yet is no part of the answer.
   */
  open(request: NarRequest, from: PeerId, signal: AbortSignal): Promise<NarAnswer>;
  /** Members that have just got the path: whom else to ask when all upload slots are taken. */
  hints(request: NarRequest): readonly PeerId[];
}
