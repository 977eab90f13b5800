import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { CHART_DIR } from "./helm.ts";
import { valuesDocument } from "./values-document.ts";

const schema = JSON.parse(readFileSync(`${CHART_DIR}/values.schema.json`, "utf8"));
const defaults: unknown = parse(readFileSync(`${CHART_DIR}/values.yaml`, "utf8"));

it("docs/values.md has a row for each value, with its default and its meaning", async () => {
  await expect(valuesDocument(schema, defaults)).toMatchFileSnapshot("../../docs/values.md");
});

it("a value without a description is found", () => {
  expect(() => valuesDocument({ properties: { a: {} } }, { a: 1 })).toThrow("no description of a");
  expect(() => valuesDocument({ properties: { a: { description: "A." } } }, { a: 1, b: 2 })).toThrow("describe b");
});
