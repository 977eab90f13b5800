import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJunitReport } from "./junit-report.ts";

const REPORT = `<testsuite name="CSI" tests="3">
  <testcase name="[It] Node Service should work" classname="CSI" status="passed" time="0.1">
      <system-err>&gt; Enter</system-err>
  </testcase>
  <testcase name="[It] Node Service &lt;stats&gt;" classname="CSI" status="skipped" time="0"><skipped message="skipped - no &#34;stats&#34;"></skipped></testcase>
  <testcase name="[It] broken" classname="CSI" status="panicked" time="0"/>
</testsuite>`;

describe("parseJunitReport", () => {
  it("lists each spec with its status and reason", () => {
    expect(parseJunitReport(REPORT)).toEqual([
      { name: "[It] Node Service should work", status: "passed", message: "" },
      { name: "[It] Node Service <stats>", status: "skipped", message: 'skipped - no "stats"' },
      { name: "[It] broken", status: "failed", message: "" },
    ]);
  });

  it("never throws, whatever the text", () => {
    fc.assert(fc.property(fc.string(), (text) => parseJunitReport(text).length >= 0));
  });
});
