import { chmodSync } from "node:fs";
import { BUNDLE_VARIABLE, bundleNiphas, temporaryDirectory } from "@niphas/testing";

const READABLE_BY_ALL = 0o755;

/**
 * Before all real tests: bundles the program that they start. From source each start takes twice the time, and starts
 * are most of what a run does.
 */
export default async function makeBundle(): Promise<() => Promise<void>> {
  const directory = temporaryDirectory("bundle");
  chmodSync(directory.path, READABLE_BY_ALL);
  process.env[BUNDLE_VARIABLE] = await bundleNiphas(directory.path);
  return async () => directory[Symbol.asyncDispose]();
}
