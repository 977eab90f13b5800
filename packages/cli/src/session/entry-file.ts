import { fileURLToPath } from "node:url";

/**
 * The file that is run inside the namespace. From source that is
 * `enter/main.ts`; a bundle holds it as an entry point of its own, named
 * `enter-root.<js or mjs>` and beside the file that this module went into.
 */
export function enterRootFile(): string {
  const extension = /\.[a-z]+$/.exec(import.meta.url)?.[0] ?? ".js";
  const relative = extension === ".ts" ? "../enter/main.ts" : `./enter-root${extension}`;
  return fileURLToPath(new URL(relative, import.meta.url));
}
