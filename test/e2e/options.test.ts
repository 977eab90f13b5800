import { expect, it } from "vitest";
import { parseOptions, UsageError } from "./options.ts";
import { wantedStories } from "./stories.ts";

it("runs the core story on a cluster of its own if nothing else is asked for", () => {
  expect(parseOptions([])).toEqual({
    stories: ["core"],
    filters: [],
    isKept: false,
    jsonFile: undefined,
    name: "e2e",
  });
});

it("takes all stories in order, a filter, a file and a name", () => {
  const argv = [
    "--story",
    "all",
    "--filter",
    "drain",
    "--filter",
    "disk",
    "--keep",
    "--json",
    "out.json",
    "--name",
    "other",
  ];
  expect(parseOptions(argv)).toEqual({
    stories: ["core", "chaos", "mesh"],
    filters: ["drain", "disk"],
    isKept: true,
    jsonFile: "out.json",
    name: "other",
  });
});

it("takes several stories, which run in their own order on one cluster", () => {
  expect(parseOptions(["--story", "mesh,core"]).stories).toEqual(["core", "mesh"]);
});

it("refuses a story that is none, unknown options and stray words, each with the usage", () => {
  for (const argv of [
    ["--story", "kore"],
    ["--story", "core,kore"],
    ["--story", ""],
    ["--fliter", "x"],
    ["--filter="],
    ["core"],
  ]) {
    expect(() => parseOptions(argv)).toThrow(UsageError);
    expect(() => parseOptions(argv)).toThrow(/usage: npm run e2e/);
  }
});

it("says which cases there are when a filter names none, before anything is started", () => {
  const wanted = (...argv: readonly string[]) => wantedStories(parseOptions(argv)).map((story) => story.name);
  expect(wanted("--story", "all", "--filter", "DRAIN")).toEqual(["core", "chaos", "mesh"]);
  expect(() => wanted("--filter", "loses power")).toThrow(/no case contains loses power; there are\n {2}core: /);
  expect(wanted("--story", "chaos", "--filter", "loses power")).toEqual(["chaos"]);
});
