import type { Logger } from "pino";
import type { TransferEvent } from "../transfer/ports.ts";

/** Tells people what they should know of: wrong bytes, and no room. By hash; names of paths stay out of the log. */
export function logTransfer(logger: Pick<Logger, "warn" | "debug">, event: TransferEvent): void {
  if (event.kind === "corrupt") {
    const { path, culprits } = event;
    logger.warn({ path, culprits }, "a NAR did not have its signed hash");
  } else if (event.kind === "refused") {
    logger.warn({ path: event.path }, "there is no room for a NAR; Nix gets it elsewhere");
  } else if (event.kind === "abandoned") {
    const { peer, reason } = event;
    logger.debug({ peer, reason }, "a member is given up as a source of a NAR");
  }
}
