import { closeSync, openSync, readSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { EnterFailure } from "./enter-spec.ts";

const HEADER_BYTES = 4096;
const ELF_MAGIC = "\x7fELF";
const PT_INTERP = 3;
const ELF64_HEADER_BYTES = 64;
const ELF64_PROGRAM_HEADER_BYTES = 56;

/** Says why the kernel did not start `program`, with what to do. `errno` is what execve(2) answered. */
export function explainStartFailure(program: string, errno: string): EnterFailure {
  if (!exists(program)) {
    return { reason: "missing", message: `${program} is not there: see the closure with \`niphas closure\`` };
  }
  if (errno === "ENOENT") return { reason: "program", message: missingInterpreter(program) };
  if (errno === "ENOEXEC") {
    return {
      reason: "program",
      message: `${program} is neither a program for this machine nor a script with a #! line`,
    };
  }
  if (errno === "EACCES") {
    return { reason: "program", message: `${program} is not executable: choose another with --entrypoint` };
  }
  return { reason: "program", message: `${program} cannot be executed (${errno})` };
}

function missingInterpreter(program: string): string {
  const interpreter = interpreterOf(program);
  const needs = interpreter === undefined ? "an interpreter" : interpreter;
  return `${program} needs ${needs}, which the closure does not hold: build the program with Nix, or patch its interpreter`;
}

/** What a `#!` line or an ELF program header names; undefined when the file says nothing readable. */
export function interpreterOf(program: string): string | undefined {
  const header = readHeader(program);
  const text = header.toString("latin1");
  if (text.startsWith("#!")) return /^#!\s*([^\s\0]+)/.exec(text)?.[1];
  return text.startsWith(ELF_MAGIC) ? elfInterpreter(header) : undefined;
}

/** Reads PT_INTERP of a little-endian 64-bit ELF file. See elf(5). */
function elfInterpreter(header: Buffer): string | undefined {
  if (header.length < ELF64_HEADER_BYTES || header[4] !== 2 || header[5] !== 1) return undefined;
  const tableOffset = Number(header.readBigUInt64LE(32));
  const count = header.readUInt16LE(56);
  for (let index = 0; index < count; index++) {
    const start = tableOffset + index * ELF64_PROGRAM_HEADER_BYTES;
    if (start + ELF64_PROGRAM_HEADER_BYTES > header.length) return undefined;
    if (header.readUInt32LE(start) === PT_INTERP) return segmentText(header, start);
  }
  return undefined;
}

function segmentText(header: Buffer, start: number): string | undefined {
  const offset = Number(header.readBigUInt64LE(start + 8));
  const sizeBytes = Number(header.readBigUInt64LE(start + 32));
  if (sizeBytes < 2 || offset + sizeBytes > header.length) return undefined;
  return header.toString("latin1", offset, offset + sizeBytes - 1);
}

function readHeader(program: string): Buffer {
  const fd = openSync(program, "r");
  try {
    const buffer = Buffer.alloc(HEADER_BYTES);
    return buffer.subarray(0, readSync(fd, buffer, 0, HEADER_BYTES, 0));
  } catch {
    // Unreadable, or a directory: nothing can be said about its interpreter.
    return Buffer.alloc(0);
  } finally {
    closeSync(fd);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined && dirname(path) !== path;
}
