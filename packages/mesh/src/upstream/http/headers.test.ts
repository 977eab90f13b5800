import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentRange } from "./content-range.ts";
import { redirectTarget } from "./redirect.ts";
import { retryAfterMs } from "./retry-after.ts";

describe("Retry-After", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  it("is seconds or a date", () => {
    expect(retryAfterMs("7", now)).toBe(7000);
    expect(retryAfterMs("Thu, 01 Jan 2026 00:00:30 GMT", now)).toBe(30_000);
    expect(retryAfterMs("Thu, 01 Jan 2015 00:00:30 GMT", now)).toBe(0);
    expect(retryAfterMs(undefined, now)).toBeUndefined();
    expect(retryAfterMs("soon", now)).toBeUndefined();
  });

  it("is at most five minutes, whatever it says", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.bigInt().map(String)), (text) => {
        const waitMs = retryAfterMs(text, now) ?? 0;
        expect(waitMs >= 0 && waitMs <= 300_000).toBe(true);
      }),
    );
  });
});

describe("Content-Range", () => {
  it("tells where a part begins and how large the whole is", () => {
    expect(contentRange("bytes 5-9/10")).toEqual({ start: 5, totalSizeBytes: 10 });
    expect(contentRange("bytes 5-9/*")).toEqual({ start: 5, totalSizeBytes: undefined });
    for (const bad of [undefined, "", "bytes 9-5/10", "items 1-2/3", "bytes */10"])
      expect(contentRange(bad)).toBeUndefined();
  });

  it("is read without throwing", () => {
    fc.assert(fc.property(fc.string(), (text) => void contentRange(`bytes ${text}`)));
  });
});

describe("a redirect", () => {
  const from = new URL("https://cache.example/a/b");
  const to = (location: string | undefined, start = from) => {
    const target = redirectTarget(start, 302, location);
    return typeof target === "object" ? target.href : target;
  };

  it("leads to HTTP addresses, relative ones too, without the credentials that they bring", () => {
    expect(to("c")).toBe("https://cache.example/a/c");
    expect(to("https://user:pass@other.example/x?sig=1")).toBe("https://other.example/x?sig=1");
    expect(to("https://other.example/", new URL("http://cache.example/"))).toBe("https://other.example/");
  });

  it("leads nowhere else, and not from HTTPS to HTTP", () => {
    for (const bad of ["http://cache.example/", "file:///etc/passwd", "data:,x", "https://["])
      expect(to(bad)).toBe("refused");
    expect(to(undefined)).toBeUndefined();
    expect(redirectTarget(from, 200, "c")).toBeUndefined();
  });

  it("to anything never keeps credentials", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl()), (location) => {
        const target = redirectTarget(from, 301, location);
        if (typeof target === "object") expect([target.username, target.password]).toEqual(["", ""]);
      }),
    );
  });
});
