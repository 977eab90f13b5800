import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { needs, runCommand, type SkippableTest } from "@niphas/testing";
import { type OpenArchive, openArchive } from "../../scripts/images/archive.ts";
import type { BuiltImage } from "../../scripts/images/build-images.ts";
import type { ImageName } from "../../scripts/images/image.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
/** Packages are downloaded and installed in this time. */
const BUILD_TIMEOUT_MS = 10 * 60_000;
const EVERYTHING = ["*"];

export function needsBuildah(test: SkippableTest): void {
  needs(test, "root", "NIPHAS_BUILDAH", "NIPHAS_IMAGE_BASE");
}

/** For what happens before the tests: they then say themselves what is missing. */
export function canBuild(): boolean {
  const isThere = (variable: string): boolean => existsSync(process.env[variable] ?? "");
  return process.getuid?.() === 0 && isThere("NIPHAS_BUILDAH") && isThere("NIPHAS_IMAGE_BASE");
}

/** Builds as `npm run images` does, whose lock and set-up are around these tests. */
export async function buildImages(
  outputDir: string,
  options: readonly string[],
  signal: AbortSignal,
): Promise<Readonly<Record<ImageName, BuiltImage>>> {
  const argv = [process.execPath, join(REPOSITORY, "scripts/images/main.ts"), "--output", outputDir, ...options];
  await runCommand(argv, { env: process.env, signal, timeoutMs: BUILD_TIMEOUT_MS });
  return JSON.parse(readFileSync(join(outputDir, "images.json"), "utf8"));
}

/** All of an image's files. */
export function unpackImage(image: BuiltImage, signal: AbortSignal): Promise<OpenArchive> {
  return openArchive(image.file, EVERYTHING, signal);
}

/**
 * The command line that runs a program in the files of an image as root, with all capabilities and no network. The
 * machine's programs have absolute paths: PATH is the image's.
 */
export function inImage(root: string, argv: readonly string[]): readonly string[] {
  const namespaces = ["/usr/bin/unshare", "--mount", "--propagation", "private", "--net"];
  return [...namespaces, join(import.meta.dirname, "enter-image.sh"), root, ...argv];
}

/** The same as an ordinary user, in an image without a shell. */
export function asUser(root: string, uid: number, argv: readonly string[]): readonly string[] {
  return ["/usr/bin/unshare", "--net", "/usr/sbin/chroot", `--userspec=${uid}:${uid}`, root, ...argv];
}
