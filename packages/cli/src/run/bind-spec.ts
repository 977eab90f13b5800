import { resolve } from "node:path";
import { NiphasError } from "@niphas/core";

/** One `--bind`: a file or directory of the host that the program sees. */
export interface BindSpec {
  /** Absolute path on the host. */
  readonly source: string;
  /** Absolute path in the program's root. */
  readonly target: string;
  readonly isReadOnly: boolean;
}

const FORM = "--bind takes SRC[:DST[:ro|rw]]";
/** What a bind must not hide, with all below it: the view and the kernel's own files. */
const RESERVED_TREES = ["/nix", "/proc", "/sys"];
const RESERVED_PATHS = ["/", "/dev", "/dev/pts", "/dev/fd", "/dev/ptmx"];

/**
 * Reads `SRC[:DST[:ro|rw]]`. SRC may be relative to the working directory. DST
 * defaults to SRC, an empty DST too (`SRC::rw`). The default mode is `ro`.
 * @throws NiphasError InvalidRequest
 */
export function parseBind(text: string, workingDir: string): BindSpec {
  const [sourceText = "", targetText = "", modeText = "ro", ...rest] = text.split(":");
  if (rest.length > 0) throw invalid(`${FORM}: paths with a colon cannot be bound`);
  if (sourceText === "") throw invalid(`${FORM}: SRC is empty`);
  if (modeText !== "ro" && modeText !== "rw") throw invalid(`${FORM}: the mode must be ro or rw`);
  const source = resolve(workingDir, sourceText);
  const target = targetText === "" ? source : parseTarget(targetText);
  refuseReserved(target);
  return { source, target, isReadOnly: modeText === "ro" };
}

/**
 * Puts binds in the order in which they are mounted, outer directories first.
 * @throws NiphasError InvalidRequest when two have the same DST
 */
export function orderBinds(binds: readonly BindSpec[]): readonly BindSpec[] {
  const targets = binds.map((bind) => bind.target);
  const repeated = targets.find((target, index) => targets.indexOf(target) !== index);
  if (repeated !== undefined) throw invalid(`two --bind have the same destination ${repeated}: remove one`);
  return [...binds].sort((a, b) => a.target.split("/").length - b.target.split("/").length);
}

function parseTarget(text: string): string {
  if (!text.startsWith("/")) throw invalid(`${FORM}: DST must be an absolute path`);
  const normal = resolve(text);
  if (text.split("/").includes("..")) throw invalid(`${FORM}: DST must not contain ..`);
  return normal;
}

function refuseReserved(target: string): void {
  const isReserved =
    RESERVED_PATHS.includes(target) || RESERVED_TREES.some((tree) => target === tree || target.startsWith(`${tree}/`));
  if (isReserved) {
    throw invalid(`--bind to ${target} would hide what niphas shows there: give another DST, as in SRC:/app`);
  }
}

function invalid(message: string): NiphasError {
  return new NiphasError("InvalidRequest", message);
}
