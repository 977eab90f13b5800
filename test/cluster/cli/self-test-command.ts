import { Cluster } from "../cluster.ts";
import type { SelfTestResult } from "../self-test/case-runner.ts";
import { lifecycleTest, selfTest } from "../self-test/self-test.ts";
import type { CommandContext } from "./context.ts";
import type { CliOptions } from "./options.ts";

/** Prints a line for each case; exit code 1 when one failed. */
export async function selfTestCommand(options: CliOptions, { report, print, signal }: CommandContext): Promise<number> {
  const init = { signal, onResult: (result: SelfTestResult) => report(formatResult(result)) };
  const results = options.isLifecycle ? await lifecycleTest(init) : await selfTest(await Cluster.attach(options), init);
  const count = (outcome: SelfTestResult["outcome"]): number =>
    results.filter((each) => each.outcome === outcome).length;
  const summary = `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
  print(options.isJson ? JSON.stringify(results, null, 2) : summary);
  return count("failed") === 0 ? 0 : 1;
}

function formatResult({ name, outcome, durationMs, message }: SelfTestResult): string {
  const reason = message === undefined ? "" : `: ${message}`;
  return `${outcome} ${name} (${durationMs} ms)${reason}`;
}
