import { readFileSync, writeSync } from "node:fs";
import type { ViewPlan } from "@niphas/views";

/** What to build and run in the new mount namespace. JSON on {@link SPEC_FD}; written and read by the same version. */
export interface EnterSpec {
  /** Empty directory that becomes the root; nothing is left in it. */
  readonly newRootDir: string;
  /** Process id of niphas; the program dies with it. */
  readonly parentPid: number;
  /** True for root itself, false for an ordinary user inside a user namespace. */
  readonly isRoot: boolean;
  readonly etcFiles: readonly EtcFile[];
  readonly view: EnterView;
  readonly binds: readonly EnterBind[];
  /** The terminal that niphas runs on, such as /dev/pts/3. */
  readonly terminalPath: string | undefined;
  /** Absolute path inside the new root. */
  readonly program: string;
  /** With the program's name first. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workDir: string;
}

export interface EtcFile {
  readonly name: string;
  readonly content: string;
}

export interface EnterBind {
  /** Absolute, without symbolic links. */
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
  readonly isDirectory: boolean;
}

/** `directory`: a finished view to mount. `farm`: one mount per path of the closure, made on the spot. */
export type EnterView =
  | { readonly kind: "directory"; readonly rootDir: string }
  | { readonly kind: "farm"; readonly plan: ViewPlan };

/** What kept the program from starting. Nothing is sent when it did start. */
export interface EnterFailure {
  /** `niphas`: the root could not be made. `program`: found but cannot be executed. `missing`: not there. */
  readonly reason: "niphas" | "program" | "missing";
  readonly message: string;
}

/** Descriptor on which `enter-root` reads its {@link EnterSpec}. */
export const SPEC_FD = 3;
/** Descriptor on which `enter-root` reports; the kernel closes it when the program starts. */
export const STATUS_FD = 4;
/** The program's standard error. Until the program starts, descriptor 2 is a pipe that niphas reads. */
export const STDERR_FD = 5;

const STARTING = "starting\n";

export function readSpec(): EnterSpec {
  return JSON.parse(readFileSync(SPEC_FD, "utf8"));
}

/** Says that the root stands and the program is started next. */
export function reportStarting(): void {
  writeSync(STATUS_FD, STARTING);
}

export function reportFailure(failure: EnterFailure): void {
  writeSync(STATUS_FD, JSON.stringify(failure));
}

export interface EnterStatus {
  readonly isStarting: boolean;
  /** Undefined with `isStarting`: the program runs. Undefined without: the process died before it could tell. */
  readonly failure: EnterFailure | undefined;
}

/** Reads all that came on {@link STATUS_FD}. */
export function parseStatus(text: string): EnterStatus {
  const isStarting = text.startsWith(STARTING);
  const rest = isStarting ? text.slice(STARTING.length) : text;
  return { isStarting, failure: rest === "" ? undefined : parseFailure(rest) };
}

function parseFailure(text: string): EnterFailure {
  try {
    return JSON.parse(text);
  } catch {
    // Cut short: the process died while it wrote.
    return { reason: "niphas", message: "the program's root could not be made; its process died" };
  }
}
