import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

interface Row {
  readonly id: string;
  readonly state: string;
  readonly test: string;
  readonly reason: string;
}

const HERE = import.meta.dirname;
const TEST_DIRS = [".", "../crash", "../gc"];
const WANTED = [...ids("K", 31), ...ids("N", 10)];

function ids(letter: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${letter}${String(index + 1).padStart(2, "0")}`);
}

function rows(): readonly Row[] {
  const lines = readFileSync(join(HERE, "README.md"), "utf8").split("\n");
  return lines
    .filter((line) => /^\| [KN]\d\d \|/.test(line))
    .map((line) => {
      const [, id = "", , state = "", test = "", reason = ""] = line.split("|").map((cell) => cell.trim());
      return { id, state, test, reason };
    });
}

/** Ids at the beginning of test titles, as `file id`. */
function titles(): readonly string[] {
  const files = TEST_DIRS.flatMap((dir) => readdirSync(join(HERE, dir)).map((name) => join(dir, name)));
  return files
    .filter((file) => file.endsWith(".test.ts"))
    .flatMap((file) => {
      const text = readFileSync(join(HERE, file), "utf8");
      const found = text.match(/(?<=\(\s*["`])(?:[KN]\d\d )*[KN]\d\d(?=:)/g) ?? [];
      return found.flatMap((list) => list.split(" ")).map((id) => `${file} ${id}`);
    });
}

it("the table lists every scenario of the catalogue once", () => {
  const listed = rows().map((row) => row.id);
  expect(listed).toEqual([...new Set(listed)]);
  expect(WANTED.filter((id) => !listed.includes(id))).toEqual([]);
});

it("the table and the test titles agree", () => {
  const running = rows().filter((row) => row.state === "runs");
  expect([...new Set(titles())].sort()).toEqual(running.map((row) => `${row.test} ${row.id}`).sort());
});

it("whatever does not run has a reason", () => {
  const others = rows().filter((row) => row.state !== "runs");
  expect(others.filter((row) => !["e2e", "later"].includes(row.state) || row.reason === "")).toEqual([]);
});
