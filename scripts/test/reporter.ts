/** A vitest reporter: writes a StageReport to $NIPHAS_TEST_REPORT under the name $NIPHAS_TEST_STAGE. */
import { writeFileSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import type { SkippedTest, StageReport } from "./report.ts";

export default class StageReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly { readonly message: string }[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const report: StageReport = {
      stage: process.env["NIPHAS_TEST_STAGE"] ?? "tests",
      passed: tests.filter((test) => test.result().state === "passed").length,
      failed: [
        ...tests.filter(hasFailed).map(nameOf),
        ...brokenModules(modules),
        ...unhandledErrors.map(describeError),
      ],
      skipped: tests.filter((test) => test.result().state === "skipped").map(describeSkipped),
    };
    writeFileSync(process.env["NIPHAS_TEST_REPORT"] ?? "test-report.json", JSON.stringify(report));
  }
}

/** A test that never finished, because its worker died for example, has failed too. */
function hasFailed(test: TestCase): boolean {
  const { state } = test.result();
  return state === "failed" || state === "pending";
}

/** Files that failed outside their tests: they could not be loaded, or a hook failed. */
function brokenModules(modules: readonly TestModule[]): string[] {
  const broken = modules.filter((module) => !module.ok() && ![...module.children.allTests()].some(hasFailed));
  return broken.map((module) => `${module.relativeModuleId} (the file itself)`);
}

function describeSkipped(test: TestCase): SkippedTest {
  const result = test.result();
  const note = result.state === "skipped" ? result.note : undefined;
  return { name: nameOf(test), reason: note ?? `marked ${test.options.mode} without a reason` };
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}

function describeError(error: { readonly message: string }): string {
  return `unhandled error: ${error.message}`;
}
