/** One spec of a ginkgo run. */
export interface SpecResult {
  readonly name: string;
  readonly status: "passed" | "skipped" | "failed";
  /** Why it was skipped or failed, as far as the report says. */
  readonly message: string;
}

/** Reads ginkgo's JUnit XML. Every test case is listed; an unknown status counts as failed. */
export function parseJunitReport(xml: string): readonly SpecResult[] {
  const cases = xml.match(/<testcase [^>]*?(?:\/>|>[\s\S]*?<\/testcase>)/g) ?? [];
  return cases.map((text) => {
    const status = attribute(text, "status");
    return {
      name: attribute(text, "name").replace(/\s+/g, " "),
      status: STATUSES[status] ?? "failed",
      message: attribute(text.replace(/<testcase [^>]*>/, ""), "message"),
    };
  });
}

const STATUSES: Readonly<Record<string, SpecResult["status"]>> = {
  passed: "passed",
  skipped: "skipped",
  // Switched off by its authors.
  pending: "skipped",
};

function attribute(text: string, name: string): string {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(text)?.[1] ?? "";
  return value.replace(/&(lt|gt|amp|quot|apos|#34|#39|#xA|#x9);/g, (_, entity: string) => ENTITIES[entity] ?? "");
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  quot: '"',
  apos: "'",
  "#34": '"',
  "#39": "'",
  "#xA": "\n",
  "#x9": "\t",
};
