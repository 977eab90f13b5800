import { readFileSync } from "node:fs";
import { isKernelNewEnough, OLDEST_KERNEL } from "@niphas/views";
import { type Check, fail, ok, warn } from "../check.ts";

/** @param release as `uname -r` prints it */
export function checkKernel(platform: string, release: string): Check {
  if (platform !== "linux") {
    return fail("kernel", `this is ${platform}`, "use Linux, in a virtual machine if need be");
  }
  if (isKernelNewEnough(release)) return ok("kernel", `Linux ${release}`);
  return fail("kernel", `Linux ${release} is too old`, `update to Linux ${OLDEST_KERNEL} or newer`);
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
