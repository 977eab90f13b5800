import { NiphasError } from "@niphas/core";

/** A part of a bound; disposing gives it back. */
export class Budget {
  readonly sizeBytes: number;
  #usedBytes = 0;

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Undefined when there is no room. Giving it back twice counts once. */
  tryTake(sizeBytes: number): Disposable | undefined {
    if (sizeBytes > this.sizeBytes - this.#usedBytes) return undefined;
    this.#usedBytes += sizeBytes;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#usedBytes -= sizeBytes;
        isHeld = false;
      },
    };
  }
}

export function noRoom(sizeBytes: number): NiphasError {
  const mib = Math.ceil(sizeBytes / 2 ** 20);
  const advice = "make room on the disk of the state directory, or raise the bound of the spool";
  return new NiphasError("DiskFull", `no room for a NAR of ${mib} MiB on its way through the mesh: ${advice}`);
}
