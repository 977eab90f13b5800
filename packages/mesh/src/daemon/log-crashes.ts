import { causeChain } from "@niphas/service";
import type { Logger } from "pino";

const FAILED = 1;

/** An error that nobody has caught ends the process, with a line in the log: what it left behind cannot be known. */
export function endOnCrash(logger: Logger): Disposable {
  const end = (cause: unknown): void => {
    logger.fatal({ causes: causeChain(new Error("crash", { cause })) }, "an error that nobody has caught");
    process.exit(FAILED);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
  return {
    [Symbol.dispose]: () => {
      process.off("uncaughtException", end);
      process.off("unhandledRejection", end);
    },
  };
}
