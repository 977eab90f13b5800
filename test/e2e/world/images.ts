import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCommand } from "@niphas/testing";

/** One of the images that `npm run images` makes. */
export interface BuiltImage {
  readonly name: string;
  /** `localhost/niphas/node:0.1.0` */
  readonly reference: string;
  readonly digest: string;
  /** OCI archive; absolute. */
  readonly file: string;
}

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const BUILD_TIMEOUT_MS = 1_200_000;

/**
 * Builds the images from the present sources.
 * @param networkPid a process in the network namespace that reaches package registries, should the build need them
 */
export async function buildImages(networkPid: number, signal: AbortSignal): Promise<readonly BuiltImage[]> {
  const argv = ["nsenter", `--net=/proc/${networkPid}/ns/net`, "npm", "run", "--silent", "images"];
  await runCommand(argv, { cwd: REPOSITORY, env: process.env, signal, timeoutMs: BUILD_TIMEOUT_MS });
  return readImages();
}

/** The images on the nodes, which several stories of one run need. */
export class NodeImages {
  #areLoaded = false;

  /** Runs `load` unless an earlier one has succeeded: the sources are the same throughout a run. */
  async ensure(load: () => Promise<void>): Promise<void> {
    if (this.#areLoaded) return;
    await load();
    this.#areLoaded = true;
  }
}

/** What the last build made. */
export function readImages(): readonly BuiltImage[] {
  const text = readFileSync(join(REPOSITORY, "dist/images/images.json"), "utf8");
  const index: Readonly<Record<string, Omit<BuiltImage, "name">>> = JSON.parse(text);
  return Object.entries(index).map(([name, image]) => ({ ...image, name }));
}

/** `["localhost/niphas/node", "0.1.0"]` */
export function splitReference(reference: string): readonly [repository: string, tag: string] {
  const colon = reference.lastIndexOf(":");
  return [reference.slice(0, colon), reference.slice(colon + 1)];
}
