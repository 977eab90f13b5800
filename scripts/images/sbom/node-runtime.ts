import { existsSync } from "node:fs";
import { join } from "node:path";
import { readPackage } from "../../bundle/third-party.ts";
import type { Component } from "./component.ts";

const LICENSE = "usr/share/doc/nodejs/copyright";

/** What `nodeRuntime` reads of an image; the program itself is far too large to unpack. */
export const NODE_PATTERNS: readonly string[] = [LICENSE];

/**
 * Node.js in an image, if it is there.
 *
 * @param packageDir the npm package `node-linux-<cpu>` that the image's program comes from.
 */
export function nodeRuntime(root: string, packageDir: string): Component[] {
  if (!existsSync(join(root, LICENSE))) return [];
  const { version } = readPackage(packageDir);
  return [
    {
      name: "node",
      version,
      purl: `pkg:generic/node@${version}`,
      license: "MIT",
      supplier: "Organization: OpenJS Foundation",
      sha512Hex: undefined,
      cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    },
  ];
}
