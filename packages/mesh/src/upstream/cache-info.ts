import { STORE_DIR } from "@niphas/core";

/** What a binary cache says of itself in `nix-cache-info`. */
export interface CacheInfo {
  readonly storeDir: string;
  readonly priority: number;
}

/** Nix's own when the cache is silent. libstore/store-api.hh */
export const DEFAULT_PRIORITY = 0;

/** Reads `nix-cache-info`; lines that it does not know or understand are passed over. libstore/binary-cache-store.cc */
export function parseCacheInfo(text: string): CacheInfo {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) values.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const priority = values.get("Priority") ?? "";
  return {
    storeDir: values.get("StoreDir") ?? STORE_DIR,
    priority: /^\d{1,9}$/.test(priority) ? Number(priority) : DEFAULT_PRIORITY,
  };
}
