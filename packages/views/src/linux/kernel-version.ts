import { NiphasError } from "@niphas/core";

/** mount_setattr(2), without which a mount cannot be made read-only before others see it. */
const OLDEST = { major: 5, minor: 12 };

export const OLDEST_KERNEL: string = `${OLDEST.major}.${OLDEST.minor}`;

/** @param release as `uname -r` prints it; one that does not begin with a version is not new enough */
export function isKernelNewEnough(release: string): boolean {
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(major) > OLDEST.major || (Number(major) === OLDEST.major && Number(minor) >= OLDEST.minor);
}

/** @throws NiphasError InvalidConfiguration when {@link isKernelNewEnough} is false */
export function assertKernelNewEnough(release: string): void {
  if (isKernelNewEnough(release)) return;
  throw new NiphasError("InvalidConfiguration", `Linux ${release} is too old: ${OLDEST_KERNEL} or newer is needed`);
}
