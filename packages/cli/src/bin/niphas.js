#!/usr/bin/env node
// Plain JavaScript that old versions of Node.js can read: it only finds one that is new enough.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NEEDED_MAJOR = 24;
const IS_RESTARTED = "NIPHAS_NODE_RESTARTED";

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
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2", "SIGWINCH"]) {
    process.on(signal, () => {
      // The terminal's own signals have reached the child by themselves.
      if (signal === "SIGTERM" || signal === "SIGUSR2") child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
