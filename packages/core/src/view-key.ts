import { createHash } from "node:crypto";
import type { NarHash } from "./hash.ts";
import type { StorePath } from "./store-path.ts";

/** Names one view; 64 hex characters. Made only by {@link viewKey}, read back by {@link parseViewKey}. */
export type ViewKey = string & { readonly __brand: "ViewKey" };

/** `store`: the view is `/nix/store`. `nix`: the view is `/nix`, with `store/`, `var/result` and `nix`. */
export type ViewLayout = "store" | "nix";

export type ViewStrategyName = "composefs" | "tree";

/** A symbolic link below `.niphas/`: its name there and the path in the store that it leads to. */
export interface ViewLink {
  /** Path below `/nix/store/.niphas/`, such as `entrypoint` or `bin/hello`. */
  readonly name: string;
  /** Absolute path inside a store path of the closure. */
  readonly target: string;
}

export interface ViewKeyInput {
  readonly strategy: ViewStrategyName;
  readonly layout: ViewLayout;
  readonly roots: readonly StorePath[];
  readonly links: readonly ViewLink[];
  readonly closure: readonly { readonly path: StorePath; readonly narHash: NarHash }[];
}

/** Raise when what a view holds for the same input changes. */
export const VIEW_FORMAT_VERSION = 2;

/** The sha256 of all that decides a view's bytes; the order of the input's lists does not matter. */
export function viewKey(input: ViewKeyInput): ViewKey {
  const hash = createHash("sha256");
  hash.update(`niphas-view;${VIEW_FORMAT_VERSION};${input.strategy};${input.layout}\n`);
  for (const root of [...input.roots].sort()) hash.update(`root;${root}\n`);
  for (const link of input.links.map(linkLine).sort()) hash.update(link);
  for (const path of input.closure.map((each) => `path;${each.path};${each.narHash}\n`).sort()) hash.update(path);
  return hash.digest("hex") as ViewKey;
}

/** Links are the only free text here; JSON keeps every separator and newline in them from looking like ours. */
function linkLine(link: ViewLink): string {
  return `link;${JSON.stringify([link.name, link.target])}\n`;
}

/** Undefined when the text is not a view key, as for foreign names in the view directory. */
export function parseViewKey(text: string): ViewKey | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? (text as ViewKey) : undefined;
}
