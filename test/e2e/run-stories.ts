/** The half of `npm run e2e` that runs in the cluster's control network; started by main.ts with the same arguments. */
import { writeFileSync } from "node:fs";
import { temporaryDirectory } from "@niphas/testing";
import { Cluster, CONTROL_ADDRESS } from "../cluster/index.ts";
import { ClosureSource } from "./closures/closure-source.ts";
import { ConsoleProgress } from "./framework/console-progress.ts";
import { closingLine, exitCodeOf, resultsJson } from "./framework/results.ts";
import { Runner } from "./framework/runner.ts";
import type { CaseResult } from "./framework/story.ts";
import { type E2eOptions, OUTER_PID_VARIABLE, parseOptions } from "./options.ts";
import { wantedStories } from "./stories.ts";
import { HelmRelease } from "./world/helm-release.ts";
import { NodeImages } from "./world/images.ts";
import { CaseSurroundings } from "./world/surroundings.ts";
import { UpstreamCache } from "./world/upstream-cache.ts";
import { baseValues } from "./world/values.ts";

async function runStories(options: E2eOptions, outerPid: number): Promise<readonly CaseResult[]> {
  const progress = new ConsoleProgress();
  const signal = endOfInput();
  await using directory = temporaryDirectory("e2e");
  const cluster = await Cluster.attach({ name: options.name });
  const closures = await progress.step("build and sign the closures", () => ClosureSource.create(directory));
  await using cache = await UpstreamCache.start(closures.cacheDir, CONTROL_ADDRESS);
  const release = new HelmRelease({
    helm: required("NIPHAS_HELM"),
    cluster,
    directory,
    values: baseValues(cache, closures),
    signal,
  });
  const images = new NodeImages();
  const surroundings = new CaseSurroundings({ cluster, closures, cache, release, images, directory, outerPid });
  const runner = new Runner({ surroundings, progress }, { signal, filters: options.filters });
  return await runner.run(wantedStories(options));
}

/** Aborted when whoever started this process has ended, or wants it to end. */
function endOfInput(): AbortSignal {
  const stop = new AbortController();
  process.stdin.resume().once("end", () => stop.abort(new Error("the run was stopped")));
  process.stdin.unref?.();
  return stop.signal;
}

function required(variable: string): string {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`${variable} is not set: run npm run e2e`);
  return value;
}

// Whoever read the output has gone; the run goes on to its end, which cleans up.
process.stdout.on("error", () => undefined);
const options = parseOptions(process.argv.slice(2));
const results = await runStories(options, Number(required(OUTER_PID_VARIABLE)));
if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, resultsJson(results));
process.stdout.write(`\n${closingLine(results)}\n`);
process.exit(exitCodeOf(results));
