import { NiphasError, parseDirectory } from "@niphas/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readOptions } from "../twins/read-options.ts";
import { flagCommand } from "./flag-command.ts";
import { FlagReader } from "./flag-reader.ts";
import { flagTable, type RawOptions } from "./flag-table.ts";

const TABLE = flagTable({
  stateDir: { flag: "--state-dir", argument: "<dir>", help: "where it works", defaultText: "/var/lib/x" },
  cache: { flag: "--cache", argument: "<url>", help: "a cache", isList: true },
  key: { flag: "--key", argument: "<name:key>", help: "a key", isList: true, defaultHelp: "none" },
  nodeName: { flag: "--node-name", argument: "<name>", help: "its name" },
});
type Raw = RawOptions<keyof typeof TABLE>;

const command = () => flagCommand("test-it", { description: "Does it.", notes: "\nMore words." }, TABLE).exitOverride();
const read = (raw: Raw) => new FlagReader("test-it", TABLE, raw);
const same = (text: string): string => text;

const parsed = (...args: readonly string[]): Promise<Raw> => readOptions(command(), args);

afterEach(() => vi.unstubAllEnvs());

describe("a command made from a table of flags", () => {
  it("takes flags before variables, and lists from both", async () => {
    vi.stubEnv("NIPHAS_TEST_IT_STATE_DIR", "/variable");
    vi.stubEnv("NIPHAS_TEST_IT_CACHE", " a  b ");
    expect(await parsed()).toEqual({ stateDir: "/variable", cache: ["a", "b"], defaultKey: true });
    expect(await parsed("--state-dir=/flag", "--cache=c", "--cache", "d", "--no-default-key")).toEqual({
      stateDir: "/flag",
      cache: ["c", "d"],
      defaultKey: false,
    });
  });

  it("takes nothing else", async () => {
    await expect(parsed("--other")).rejects.toMatchObject({ code: "commander.unknownOption" });
    await expect(parsed("other")).rejects.toMatchObject({ code: "commander.excessArguments" });
  });

  it("explains each flag with its variable and default, and shows no default that it has not", () => {
    const help = command().helpInformation().replace(/\s+/g, " ");
    expect(help).toContain("--state-dir <dir> where it works (default: /var/lib/x) (env: NIPHAS_TEST_IT_STATE_DIR)");
    expect(help).toContain("a key (default: none) (env: NIPHAS_TEST_IT_KEY)");
    expect(help).toContain("its name (env: NIPHAS_TEST_IT_NODE_NAME)");
    expect(help).toContain("(env: NIPHAS_TEST_IT_NO_DEFAULT_KEY)");
  });
});

describe("the values of flags", () => {
  it("are defaults where nothing is given, or missing", () => {
    expect(read({}).read("stateDir", parseDirectory)).toBe("/var/lib/x");
    expect(read({}).readOptional("stateDir", parseDirectory)).toBeUndefined();
    expect(read({}).readList("cache", same)).toEqual([]);
    expect(() => read({}).read("nodeName", same)).toThrow("--node-name (NIPHAS_TEST_IT_NODE_NAME): is missing");
  });

  it("are named when they are wrong, once", () => {
    const refuse = (): never => {
      throw new NiphasError("InvalidRequest", "--cache: must be better");
    };
    const refusal = { code: "InvalidConfiguration", message: "--cache (NIPHAS_TEST_IT_CACHE): must be better" };
    expect(() => read({ cache: ["x"] }).readList("cache", refuse)).toThrow(expect.objectContaining(refusal));
    expect(() => read({ stateDir: "relative" }).readOptional("stateDir", parseDirectory)).toThrow(
      "--state-dir (NIPHAS",
    );
  });

  it("are not blamed for bugs", () => {
    const fail = (): never => {
      throw new TypeError("a bug");
    };
    expect(() => read({}).read("stateDir", fail)).toThrow(TypeError);
  });

  it("trust cache.nixos.org unless the operator says no, and each key once", () => {
    const key = `cache.example.org-1:${"A".repeat(43)}=`;
    const names = (raw: Raw): readonly string[] =>
      read(raw)
        .readTrustedKeys("key")
        .map(({ name }) => name);
    expect(names({ key: [key, key] })).toEqual(["cache.example.org-1", "cache.nixos.org-1"]);
    expect(names({ key, defaultKey: false })).toEqual(["cache.example.org-1"]);
  });
});
