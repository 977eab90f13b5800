import { readFileSync } from "node:fs";
import { type Check, fail, ok, warn } from "../check.ts";

/** mount_setattr(2), without which a mount cannot be made read-only before others see it. */
const OLDEST = { major: 5, minor: 12 };

/** @param release as `uname -r` prints it */
export function checkKernel(platform: string, release: string): Check {
  if (platform !== "linux") {
    return fail("kernel", `this is ${platform}`, "use Linux, in a virtual machine if need be");
  }
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  const isNewEnough = Number(major) > OLDEST.major || (Number(major) === OLDEST.major && Number(minor) >= OLDEST.minor);
  if (isNewEnough) return ok("kernel", `Linux ${release}`);
  const needed = `${OLDEST.major}.${OLDEST.minor}`;
  return fail("kernel", `Linux ${release} is too old`, `update to Linux ${needed} or newer`);
}

/**
 * composefs views need both. A missing one may be a module that nothing has loaded yet.
 * @param fileSystems the text of /proc/filesystems
 */
export function checkFileSystems(fileSystems: string): Check {
  const known = new Set(fileSystems.split("\n").map((line) => line.trim().split(/\s+/).at(-1)));
  const missing = ["erofs", "overlay"].filter((name) => !known.has(name));
  if (missing.length === 0) return ok("file-systems", "erofs and overlay are there");
  return warn(
    "file-systems",
    `the kernel does not have ${missing.join(" and ")} loaded`,
    `modprobe ${missing.join(" ")}; until then views are hard-link trees, which take longer to build`,
  );
}

export function readFileSystems(): string {
  return readFileSync("/proc/filesystems", "utf8");
}
