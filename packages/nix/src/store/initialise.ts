import { existsSync, mkdirSync } from "node:fs";
import { isNiphasError, NiphasError } from "@niphas/core";
import { withDiskErrors } from "../disk/space.ts";
import type { NixRunner } from "../process/nix-runner.ts";
import { storeLayout } from "./layout.ts";

const INIT_TIMEOUT_MS = 30_000;

/**
 * Has Nix make the store's directories and empty database, if they are not there.
 * @throws NiphasError StoreUnavailable, DiskFull, InodesExhausted, CommandFailed, Cancelled
 */
export async function initialiseStore(nix: NixRunner, signal: AbortSignal): Promise<void> {
  const location = nix.settings.store;
  const layout = storeLayout(location);
  if (existsSync(layout.schemaFile) && existsSync(layout.databaseFile)) return;
  makeRootDir(location.rootDir);
  const result = await nix.run("nix-store", { args: ["--init"], signal, timeoutMs: INIT_TIMEOUT_MS });
  if (result.outcome === "cancelled") throw new NiphasError("Cancelled", "the work was cancelled");
  if (result.exitCode === 0 && existsSync(layout.schemaFile)) return;
  throw new NiphasError("StoreUnavailable", `Nix cannot make a store in ${location.rootDir}`, {
    cause: result.stderrLines,
  });
}

function makeRootDir(dir: string): void {
  try {
    withDiskErrors("/", () => mkdirSync(dir, { recursive: true }));
  } catch (error) {
    if (isNiphasError(error)) throw error;
    throw new NiphasError("StoreUnavailable", `the store's directory ${dir} cannot be made`, { cause: error });
  }
}
