import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { systemErrorCode } from "@niphas/core";
import { NixRunner, type NixSettings } from "../../../packages/nix/src/index.ts";
import { waitUntil } from "../../../packages/testing/src/index.ts";

/**
 * Where Nix reads a FIFO when told to: with the lock held and nobody listening yet (not in 2.8), or after the roots
 * were listed. libstore/gc.cc
 */
export type PausePoint = "beforeListening" | "afterListing";

/** 2.8 has one hook, without a number; later versions have two. */
const VARIABLES: Readonly<Record<PausePoint, readonly string[]>> = {
  beforeListening: ["_NIX_TEST_GC_SYNC_1"],
  afterListing: ["_NIX_TEST_GC_SYNC", "_NIX_TEST_GC_SYNC_2"],
};

/** A real `nix-store --gc` that stands still at a chosen point until it is told to go on. */
export async function pausedCollector(settings: NixSettings, fifo: string, point: PausePoint) {
  execFileSync("mkfifo", [fifo]);
  const nix = new NixRunner(settings, {
    environment: Object.fromEntries(VARIABLES[point].map((name) => [name, fifo])),
  });
  const cancel = new AbortController();
  const ended = nix.run("nix-store", { args: ["--gc"], signal: cancel.signal, timeoutMs: 60_000 });
  const writer = await waitUntil("a collector at its pause", () => openIfRead(fifo));
  let isPaused = true;
  const release = async (): Promise<void> => {
    if (isPaused) await writer.close();
    isPaused = false;
  };
  return {
    /** Lets it go on and waits for its end. */
    finish: async (): Promise<void> => {
      await release();
      const result = await ended;
      if (result.exitCode !== 0) throw new Error(`the collector failed: ${result.stderrLines.join("\n")}`);
    },
    kill: (): void => cancel.abort(),
    [Symbol.asyncDispose]: async (): Promise<void> => {
      cancel.abort();
      await release();
      await ended;
    },
  };
}

/** A FIFO can be opened for writing only while somebody reads it: when the collector has come to the point. */
async function openIfRead(fifo: string): Promise<FileHandle | undefined> {
  try {
    return await open(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (systemErrorCode(error) === "ENXIO") return undefined;
    throw error;
  }
}
