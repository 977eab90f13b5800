#!/usr/bin/env node
// Plain JavaScript that old versions of Node.js can read: it only finds one that is new enough.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED_MAJOR = 24;
const IS_RESTARTED = "NIPHAS_NODE_RESTARTED";
/** As in signals/forwarding.ts: from the terminal these reach the child without us. */
const TERMINAL_SIGNALS = ["SIGINT", "SIGQUIT", "SIGHUP", "SIGWINCH"];
const OTHER_SIGNALS = ["SIGTERM", "SIGUSR1", "SIGUSR2"];

const major = Number(process.versions.node.split(".")[0]);
if (major >= NEEDED_MAJOR) {
  // Both are about Node's own modules and nothing that a user could act on.
  delete process.env[IS_RESTARTED];
  const { main } = await import("../main.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  restart(pinnedNode());
}

/** The Node.js that `npm ci` installs with this project, if it is there. */
function pinnedNode() {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (directory !== dirname(directory)) {
    const candidate = join(directory, "node_modules", ".bin", "node");
    if (existsSync(candidate)) return candidate;
    directory = dirname(directory);
  }
  return undefined;
}

function restart(node) {
  if (node === undefined || process.env[IS_RESTARTED] !== undefined) {
    console.error(
      `niphas: Node.js ${NEEDED_MAJOR} or newer is needed and this is ${process.version}: install it, or run \`npm ci\` in the project, which brings one`,
    );
    process.exit(125);
  }
  const env = { ...process.env, [IS_RESTARTED]: "1" };
  // Listening begins before there is a child, so that no signal ends this process alone.
  for (const signal of OTHER_SIGNALS) process.on(signal, () => child.kill(signal));
  for (const signal of TERMINAL_SIGNALS) process.on(signal, () => isForeground() || child.kill(signal));
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit", env });
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}

/** As in signals/foreground.ts, which old versions of Node.js cannot read. */
function isForeground() {
  const stat = readFileSync("/proc/self/stat", "utf8");
  const [, , processGroup, , , foregroundGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return processGroup === foregroundGroup;
}
