#!/usr/bin/env node
import { ERROR_MAPPING, toNiphasError } from "@niphas/core";
import { csiCommand } from "./command.ts";

/** The plugin as a program of its own; `niphas csi` is the same. */
try {
  await csiCommand().parseAsync();
} catch (cause) {
  const error = toNiphasError(cause);
  process.stderr.write(`niphas csi: ${error.message}\n`);
  if (error.code === "Internal" && cause instanceof Error) process.stderr.write(`${cause.stack}\n`);
  process.exitCode = ERROR_MAPPING[error.kind].exit;
}
