import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainText, redactUrls } from "./redact.ts";

describe("redactUrls", () => {
  it.each([
    ["http://user:canary@host:8080/nix?token=canary#canary", "http://host:8080/nix"],
    ["s3://bucket?region=eu&profile=canary", "s3://bucket"],
    [
      "unable to download 'https://canary@host/nix-cache-info': 401",
      "unable to download 'https://host/nix-cache-info': 401",
    ],
    ["ssh-ng://user:canary/with@slash@host", "ssh-ng://host"],
    ["two: http://a:canary@b, https://c:canary@d", "two: http://b, https://d"],
    ["no url at all", "no url at all"],
  ])("turns %j into %j", (text, expected) => {
    expect(redactUrls(text)).toBe(expected);
  });

  it("lets no user information and no query through", () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9:%]{1,12}$/).map((text) => `SECRET${text}`);
    fc.assert(
      fc.property(fc.constantFrom("http", "https", "s3", "ssh-ng"), secret, secret, (scheme, user, query) => {
        expect(redactUrls(`see ${scheme}://${user}@host/path?${query} now`)).not.toContain("SECRET");
      }),
    );
  });

  it("changes nothing when it is applied again", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
        expect(redactUrls(redactUrls(url))).toBe(redactUrls(url));
      }),
    );
  });
});

it("takes colours and control characters out of a message", () => {
  expect(plainText("\u001b[31;1merror:\u001b[0m path '\u001b[35;1m/nix/x\u001b[0m'\u0007")).toBe(
    "error: path '/nix/x'",
  );
});
