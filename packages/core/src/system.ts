import { NiphasError } from "./errors.ts";

/** Nix's name of a platform: `x86_64-linux`, `aarch64-linux`. */
export type System = string & { readonly __brand: "System" };

const SYSTEM = /^[a-z0-9_]{1,32}-(?:linux|darwin)$/;

const CPU_OF_ARCH: ReadonlyMap<string, string> = new Map([
  ["x64", "x86_64"],
  ["arm64", "aarch64"],
  ["riscv64", "riscv64"],
]);

export function isSystem(text: string): text is System {
  return SYSTEM.test(text);
}

/**
 * Nix's name for a Node.js `process.arch`.
 * @throws NiphasError InvalidConfiguration
 */
export function systemOf(arch: string): System {
  const cpu = CPU_OF_ARCH.get(arch);
  if (cpu === undefined) throw new NiphasError("InvalidConfiguration", `no Nix system is known for ${arch}`);
  return `${cpu}-linux` as System;
}
