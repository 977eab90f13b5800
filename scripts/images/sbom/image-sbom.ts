import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEBIAN_PATTERNS, debianPackages } from "./debian-packages.ts";
import { NODE_PATTERNS, nodeRuntime } from "./node-runtime.ts";
import { NPM_PATTERNS, npmPackages } from "./npm-packages.ts";
import { type DescribedImage, type SpdxDocument, spdxDocument } from "./spdx.ts";

/** The files of an image that its SBOM is made from. */
export const SBOM_PATTERNS: readonly string[] = [...DEBIAN_PATTERNS, ...NPM_PATTERNS, ...NODE_PATTERNS];

/**
 * Describes what is in an image, from the image's own files.
 *
 * @param root directory with the image's files that SBOM_PATTERNS name.
 * @param repository where the lockfile and the npm package of Node.js are.
 */
export function imageSbom(image: DescribedImage, root: string, repository: string): SpdxDocument {
  const lockfile = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8"));
  const nodePackage = join(
    repository,
    "node_modules",
    `node-linux-${image.architecture === "amd64" ? "x64" : "arm64"}`,
  );
  return spdxDocument(image, [
    ...nodeRuntime(root, nodePackage),
    ...debianPackages(root),
    ...npmPackages(root, lockfile),
  ]);
}
