import { type ConsoleProgress, formatDuration } from "./console-progress.ts";
import { wantedCases } from "./selection.ts";
import type { Case, CaseResult, Outcome, Story, Surroundings } from "./story.ts";

export interface RunnerInit {
  /** Only cases whose story or name contains one of these, and foundations. @default all */
  readonly filters?: readonly string[];
  /** Ends the running case and skips all that follow. */
  readonly signal: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 300_000;

/** Runs stories, case by case, each in surroundings of its own. */
export class Runner<Context> {
  readonly #surroundings: Surroundings<Context>;
  readonly #progress: ConsoleProgress;
  readonly #init: RunnerInit;

  constructor(
    components: { readonly surroundings: Surroundings<Context>; readonly progress: ConsoleProgress },
    init: RunnerInit,
  ) {
    this.#surroundings = components.surroundings;
    this.#progress = components.progress;
    this.#init = init;
  }

  /** Never throws for what a case does: that is its result. */
  async run(stories: readonly Story<Context>[]): Promise<readonly CaseResult[]> {
    const results: CaseResult[] = [];
    for (const story of stories) results.push(...(await this.#runStory(story)));
    return results;
  }

  async #runStory(story: Story<Context>): Promise<readonly CaseResult[]> {
    const wanted = wantedCases(story, this.#init.filters);
    if (wanted.length === 0) return [];
    this.#progress.heading(story.name);
    const results: CaseResult[] = [];
    let obstacle = "";
    for (const each of wanted) {
      if (this.#init.signal.aborted) obstacle = "the run was stopped";
      const result = obstacle === "" ? await this.#runCase(story, each) : skipped(story, each, obstacle);
      this.#report(result);
      results.push(result);
      if (result.outcome === "failed" && each.isFoundation === true) obstacle = `"${each.name}" failed`;
    }
    return results;
  }

  async #runCase(story: Story<Context>, each: Case<Context>): Promise<CaseResult> {
    const startedAtMs = performance.now();
    this.#progress.line(each.name);
    const deadline = AbortSignal.timeout(each.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    const reason = await this.#reasonToFail(each, AbortSignal.any([deadline, this.#init.signal]));
    const outcome: Outcome = reason === "" ? "passed" : "failed";
    return { story: story.name, name: each.name, outcome, reason, durationMs: performance.now() - startedAtMs };
  }

  /** @returns empty when all held */
  async #reasonToFail(each: Case<Context>, signal: AbortSignal): Promise<string> {
    let context: Context | undefined;
    const reasons: string[] = [];
    try {
      context = await this.#surroundings.enter(each.name, this.#progress, signal);
      await Promise.race([each.run(context), rejectOn(signal)]);
    } catch (error) {
      reasons.push(textOf(error));
    }
    if (context !== undefined) reasons.push(...(await this.#leave(context, reasons.length > 0)));
    return reasons.join("\n");
  }

  async #leave(context: Context, hasFailed: boolean): Promise<readonly string[]> {
    try {
      if (hasFailed && !this.#init.signal.aborted) this.#progress.note(await this.#surroundings.diagnose(context));
      return await this.#surroundings.leave(context);
    } catch (error) {
      return [`cleaning up: ${textOf(error)}`];
    }
  }

  #report({ name, outcome, reason, durationMs }: CaseResult): void {
    const word = { passed: "ok  ", failed: "FAIL", skipped: "skip" }[outcome];
    this.#progress.line(`${word} ${name}${outcome === "skipped" ? "" : ` (${formatDuration(durationMs)})`}`);
    if (reason !== "") this.#progress.note(reason);
  }
}

function skipped<Context>(story: Story<Context>, each: Case<Context>, reason: string): CaseResult {
  return { story: story.name, name: each.name, outcome: "skipped", reason, durationMs: 0 };
}

async function rejectOn(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return promise;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
