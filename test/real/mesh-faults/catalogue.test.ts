import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

interface Row {
  readonly id: string;
  readonly here: readonly string[];
  /** File and a part of the title. */
  readonly elsewhere: readonly (readonly [string, string])[];
}

const HERE = import.meta.dirname;
const REPOSITORY = join(HERE, "../../..");
const SCENARIOS = 32;

const rows: readonly Row[] = readFileSync(join(HERE, "README.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| M\d\d \|/.test(line))
  .map((line) => {
    const [, id = "", , here = "", elsewhere = ""] = line.split("|").map((cell) => cell.trim());
    const others = [...elsewhere.matchAll(/([^\s,"]+) "([^"]*)"/g)].map(
      ([, file = "", title = ""]) => [file, title] as const,
    );
    return { id, here: here === "" ? [] : here.split(", "), elsewhere: others };
  });

/** Ids at the beginning of texts, as `id file`. */
function named(): readonly string[] {
  const files = readdirSync(HERE).filter((name) => name.endsWith(".test.ts") && name !== "catalogue.test.ts");
  const found = files.flatMap((file) => {
    const lists = readFileSync(join(HERE, file), "utf8").match(/(?<=["`])(?:M\d\d )*M\d\d(?=[:"])/g) ?? [];
    return lists.flatMap((list) => list.split(" ")).map((id) => `${id} ${file}`);
  });
  return [...new Set(found)].sort();
}

it("the table lists every scenario of the catalogue once, each with a test", () => {
  const ids = Array.from({ length: SCENARIOS }, (_, index) => `M${String(index + 1).padStart(2, "0")}`);
  expect(rows.map(({ id }) => id)).toEqual(ids);
  expect(rows.filter(({ here, elsewhere }) => here.length + elsewhere.length === 0)).toEqual([]);
});

it("the table and the titles here agree", () => {
  expect(named()).toEqual(rows.flatMap(({ id, here }) => here.map((file) => `${id} ${file}`)).sort());
});

it("the tests elsewhere are there", () => {
  const missing = rows.flatMap(({ elsewhere }) =>
    elsewhere.filter(([file, title]) => !readFileSync(join(REPOSITORY, file), "utf8").includes(title)),
  );
  expect(missing).toEqual([]);
});
