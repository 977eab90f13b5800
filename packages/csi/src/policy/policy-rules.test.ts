import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesPattern, parsePolicyRules } from "./policy-rules.ts";

const file = (rules: unknown): string => JSON.stringify({ version: 1, rules });

describe("a policy file", () => {
  it("fills in what a rule leaves out", () => {
    expect(parsePolicyRules(file([{ name: "all" }]))).toEqual([
      {
        name: "all",
        namespaces: ["*"],
        serviceAccounts: ["*"],
        storePathNames: ["*"],
        contentAddressedRoots: false,
      },
    ]);
  });

  const wrong: readonly [string, string][] = [
    ["text that is not JSON", "{"],
    ["a list", "[]"],
    ["another version", JSON.stringify({ version: 2, rules: [] })],
    ["no rules", JSON.stringify({ version: 1 })],
    ["an unknown key", JSON.stringify({ version: 1, rules: [], rule: [] })],
    ["a rule without a name", file([{}])],
    ["a misspelt restriction", file([{ name: "x", namespace: ["a"] }])],
    ["a pattern that is no text", file([{ name: "x", namespaces: [1] }])],
    ["patterns that are no list", file([{ name: "x", namespaces: "a" }])],
    ["a flag that is no boolean", file([{ name: "x", contentAddressedRoots: "yes" }])],
  ];
  for (const [what, text] of wrong) {
    it(`is refused with ${what}`, () => {
      expect(() => parsePolicyRules(text)).toThrow(expect.objectContaining({ code: "PolicyInvalid" }));
    });
  }

  it("gives rules or PolicyInvalid for any bytes, and nothing else", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.jsonValue().map(file)), (text) => {
        try {
          for (const rule of parsePolicyRules(text)) expect(rule.namespaces).toBeInstanceOf(Array);
        } catch (error) {
          expect(error).toMatchObject({ code: "PolicyInvalid" });
        }
      }),
    );
  });
});

describe("a pattern", () => {
  it("matches as its stars say", () => {
    expect(matchesPattern("team-*", "team-a")).toBe(true);
    expect(matchesPattern("team-*", "my-team-a")).toBe(false);
    expect(matchesPattern("*-prod", "shop-prod")).toBe(true);
    expect(matchesPattern("a*b*c", "aXbYc")).toBe(true);
    expect(matchesPattern("a*b*c", "acb")).toBe(false);
    expect(matchesPattern("ab*ba", "aba")).toBe(false);
    expect(matchesPattern("default", "default2")).toBe(false);
    expect(matchesPattern("*", "")).toBe(true);
    expect(matchesPattern("", "x")).toBe(false);
  });

  it("agrees with the regular expression that says the same", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll("*", "[^]*")}$`);
        expect(matchesPattern(pattern, text)).toBe(expression.test(text));
      }),
    );
  });
});
