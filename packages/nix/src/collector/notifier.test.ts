import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseStorePath, type StorePath } from "@niphas/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CollectorNotifier } from "../ports.ts";
import { createCollectorNotifier } from "./notifier.ts";

const PATHS: readonly StorePath[] = ["a", "b", "c"].map((letter) =>
  parseStorePath(`/nix/store/${letter.repeat(32)}-path`),
);
const never = new AbortController().signal;

/** Reads lines and lets the test answer. */
type Answer = (line: string, socket: Socket, connection: number) => void;

describe("announcing to a collector", () => {
  let rootDir = "";
  let server: Server | undefined;
  let connections = 0;
  let notifier: CollectorNotifier;
  beforeEach(() => {
    rootDir = mkdtempSync(join(tmpdir(), "niphas-notifier-"));
    notifier = createCollectorNotifier({ rootDir }, { timeoutMs: 5_000 });
    connections = 0;
  });
  afterEach(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (server === undefined) resolve();
    else server.close(() => resolve());
    await promise;
    server = undefined;
    rmSync(rootDir, { recursive: true });
  });

  /** A long path is bound through its short parent, as Nix does. */
  async function listen(answer: Answer): Promise<void> {
    const dir = join(rootDir, "nix/var/nix/gc-socket");
    mkdirSync(dir, { recursive: true });
    server = createServer((socket) => {
      connections += 1;
      const connection = connections;
      socket.on("error", () => undefined).setEncoding("utf8");
      let rest = "";
      socket.on("data", (text: string) => {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) answer(line, socket, connection);
      });
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(join(dir, "socket"), resolve);
    await promise;
  }

  it("sends each path as a line and waits for a byte each", async () => {
    const seen: string[] = [];
    await listen((line, socket) => {
      seen.push(line);
      socket.write("1");
    });
    await notifier.announce(PATHS, never);
    expect(seen).toEqual(PATHS);
  });

  it("puts the callers of one tick on one connection", async () => {
    const seen: string[] = [];
    await listen((line, socket) => {
      seen.push(line);
      socket.write("1");
    });
    await Promise.all([...PATHS, ...PATHS].map((path) => notifier.announce([path], never)));
    expect(connections).toBe(1);
    expect(seen).toEqual(PATHS);
  });

  it("goes on with the next collector where the last one ended", async () => {
    const seen: string[] = [];
    await listen((line, socket, connection) => {
      seen.push(`${connection} ${line}`);
      if (connection === 1 && line === PATHS[1]) socket.destroy();
      else socket.write("1");
    });
    await notifier.announce(PATHS.slice(0, 2), never);
    expect(seen.at(-1)).toBe(`2 ${PATHS[1]}`);
  });

  it("lets one caller leave without the others", async () => {
    const release = Promise.withResolvers<void>();
    await listen((_line, socket) => void release.promise.then(() => socket.write("1")));
    const leaving = new AbortController();
    const left = notifier.announce(PATHS.slice(0, 1), leaving.signal);
    const stays = notifier.announce(PATHS.slice(1), never);
    leaving.abort();
    await expect(left).rejects.toMatchObject({ code: "Cancelled" });
    release.resolve();
    await stays;
  });

  it("asks nobody when there is no socket, no path or no caller left", async () => {
    await notifier.announce(PATHS, never);
    await listen((_line, socket) => void socket.write("1"));
    await notifier.announce([], never);
    await expect(notifier.announce(PATHS, AbortSignal.abort())).rejects.toMatchObject({ code: "Cancelled" });
    expect(connections).toBe(0);
  });
});
