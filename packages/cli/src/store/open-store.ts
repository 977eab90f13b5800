import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { NiphasError, systemErrorCode } from "@niphas/core";
import type { CliContext } from "../cli/context.ts";
import { openChrootStore } from "./chroot-store-session.ts";
import { openHostStore } from "./host-store-session.ts";
import { nixSettings, type StoreFlags, stateDirOf } from "./store-options.ts";
import type { StoreSession } from "./store-session.ts";

export interface OpenStoreOptions {
  /** Whether a store that is not there is made. */
  readonly isCreated: boolean;
}

/** Opens the store that the flags choose, hands it to `use` and closes it, whatever happens. */
export async function withStore<T>(
  flags: StoreFlags,
  context: CliContext,
  options: OpenStoreOptions,
  use: (store: StoreSession) => Promise<T>,
): Promise<T> {
  const store = await openStore(flags, context, options);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

async function openStore(flags: StoreFlags, context: CliContext, options: OpenStoreOptions): Promise<StoreSession> {
  const settings = nixSettings(flags, context);
  const stateDir = stateDirOf(flags, context);
  if (options.isCreated) makeStateDir(stateDir);
  if (settings.store.rootDir === "/") return openHostStore(settings, join(stateDir, "gcroots"));
  return await openChrootStore(settings, { ...options, signal: context.signal });
}

/** @throws NiphasError InvalidConfiguration */
function makeStateDir(stateDir: string): void {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = systemErrorCode(cause) ?? "unknown error";
    const message = `cannot make the state directory ${stateDir} (${code}): give a writable one with --state-dir`;
    throw new NiphasError("InvalidConfiguration", message, { cause });
  }
}
