/**
 * `npm run demo`: a real flake, real Nix, the real plugin, real mounts; no cluster, no network, nothing left behind.
 *
 *   npm run demo [-- --host]     --host: Nix and the plugin of this machine instead of the Debian forky root's
 *
 * Exit code 0 only if everything held, also that nothing is left.
 */
import { parseArgs } from "node:util";
import { temporaryDirectory } from "@niphas/testing";
import { leftovers, MARK, mountPoints } from "./leftovers.ts";
import { runScenario } from "./scenario.ts";
import { Timeline } from "./timeline.ts";

const { values } = parseArgs({ options: { host: { type: "boolean", default: false } } });
const interrupt = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => interrupt.abort(new Error(`stopped by ${signal}`)));
}

const timeline = new Timeline(interrupt.signal);
const mountsBefore = mountPoints();
const directory = temporaryDirectory("demo");
process.env[MARK] = directory.path;
try {
  await runScenario(timeline, { directory, wantsHost: values.host });
} catch (error) {
  timeline.fail(error instanceof Error ? error.message : String(error));
}
await directory[Symbol.asyncDispose]();
const left = leftovers(directory.path, mountsBefore);
timeline.check("nothing is left: no mount, no process, no file", left.length === 0, left.join("\n"));
timeline.finish();
process.exitCode = timeline.problems.length > 0 ? 1 : 0;
