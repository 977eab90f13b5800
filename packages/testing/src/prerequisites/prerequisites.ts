import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * What a test can need of the machine. `NIPHAS_…` is a variable that the set-up sets to where something is; others are
 * names of programs on PATH.
 */
export type Prerequisite = "root" | "private mount namespace" | "csi-sanity" | `NIPHAS_${string}` | (string & {});

/** The part of vitest's context that a check needs. */
export interface SkippableTest {
  skip(note: string): void;
}

/**
 * Skips the test with a printed reason when the machine lacks something; fails
 * it instead when `NIPHAS_REQUIRE_REAL=1`, so that a run that must be complete cannot pass half done.
 * For `beforeEach`, or at the start of a test.
 */
export function needs(test: SkippableTest, ...prerequisites: readonly Prerequisite[]): void {
  const reasons = prerequisites.flatMap((each) => missingReason(each) ?? []);
  if (reasons.length === 0) return;
  const note = reasons.join("; ");
  if (process.env["NIPHAS_REQUIRE_REAL"] === "1") throw new Error(`this run must be complete, but ${note}`);
  test.skip(note);
}

/** Where the set-up put csi-sanity. */
export function csiSanityBinary(): string | undefined {
  return process.env["NIPHAS_CSI_SANITY"];
}

function missingReason(prerequisite: Prerequisite): string | undefined {
  if (prerequisite === "root") return process.getuid?.() === 0 ? undefined : "it needs root";
  if (prerequisite === "private mount namespace") return sharedRootReason();
  if (prerequisite === "csi-sanity") {
    return csiSanityBinary() === undefined
      ? "it needs csi-sanity: run npm run setup, which sets NIPHAS_CSI_SANITY"
      : undefined;
  }
  if (prerequisite.startsWith("NIPHAS_")) {
    const isThere = existsSync(process.env[prerequisite] ?? "");
    return isThere ? undefined : `it needs ${prerequisite}, which npm run setup makes and sets`;
  }
  return isOnPath(prerequisite) ? undefined : `it needs ${prerequisite} on PATH: run npm run setup`;
}

/** Mounts of a test must never reach the machine. */
function sharedRootReason(): string | undefined {
  const root = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((line) => line.split(" ")[4] === "/");
  const isShared = root?.includes(" shared:") ?? false;
  return isShared ? "it needs a private mount namespace: unshare --mount --propagation private -- …" : undefined;
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
