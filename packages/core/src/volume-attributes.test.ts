import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isNiphasError, type NiphasError } from "./errors.ts";
import type { System } from "./system.ts";
import { MAX_ATTRIBUTES_BYTES, parsePodIdentity, parseVolumeAttributes } from "./volume-attributes.ts";

const X86 = "x86_64-linux" as System;
const HELLO = "/nix/store/08w3vyidi11nga44yb689ah7njxfxqsq-hello";
const HELLO_ARM = "/nix/store/7r9nm8c4vcrz9xh7m9h5xmvriljhylpm-hello";
const CURL = "/nix/store/dzzf2saxxmsn7p73pjdi78f3xfrca17q-curl";
const MISSING = "storePath is missing: give /nix/store/<hash>-<name>";

describe("Niphas's own attributes", () => {
  test("storePath alone asks for one root in layout store", () => {
    expect(parse({ storePath: HELLO })).toEqual({ roots: [HELLO], layout: "store", links: [], view: "auto" });
  });

  test("storePath may hold several paths between blanks and line ends; they are sorted and kept once", () => {
    expect(parse({ storePath: `\n${CURL}\t${HELLO}\n${CURL} ` }).roots).toEqual([HELLO, CURL]);
  });

  test("a path inside a store path stands for the store path", () => {
    expect(parse({ storePath: `${HELLO}/bin/hello` }).roots).toEqual([HELLO]);
  });

  test("storePath.<system> of this node wins over storePath", () => {
    expect(parse({ storePath: HELLO_ARM, "storePath.x86_64-linux": HELLO }).roots).toEqual([HELLO]);
  });

  test("storePath serves systems that have no path of their own", () => {
    expect(parse({ storePath: HELLO, "storePath.aarch64-linux": HELLO_ARM }).roots).toEqual([HELLO]);
  });

  test("view may be auto or tree", () => {
    expect(parse({ storePath: HELLO, view: "auto" }).view).toBe("auto");
    expect(parse({ storePath: HELLO, view: "tree" }).view).toBe("tree");
    expect(refusal({ storePath: HELLO, view: "composefs" }).message).toBe("view must be auto or tree");
  });

  test("entrypoint becomes the link .niphas/entrypoint", () => {
    const links = [{ name: "entrypoint", target: `${HELLO}/bin/hello` }];
    expect(parse({ storePath: HELLO, entrypoint: `${HELLO}/bin/hello` }).links).toEqual(links);
    expect(parse({ storePath: HELLO, entrypoint: HELLO }).links).toEqual([{ name: "entrypoint", target: HELLO }]);
  });
});

describe("the attributes of other drivers", () => {
  test("storePaths and storePaths.<system> are nix-store-csi's: several roots, layout store", () => {
    expect(parse({ storePaths: `${HELLO} ${CURL}` })).toMatchObject({ roots: [HELLO, CURL], layout: "store" });
    expect(parse({ "storePaths.x86_64-linux": HELLO, "storePaths.aarch64-linux": HELLO_ARM }).roots).toEqual([HELLO]);
  });

  test("<system> is nix-csi's: one root, layout nix", () => {
    const request = parse({ "x86_64-linux": HELLO, "aarch64-linux": HELLO_ARM });
    expect(request).toEqual({ roots: [HELLO], layout: "nix", links: [], view: "auto" });
  });

  test("<system> with two roots is refused: var/result can lead to one only", () => {
    expect(refusal({ "x86_64-linux": `${HELLO} ${CURL}` }).code).toBe("InvalidAttribute");
  });

  test.each(["flakeRef", "nixExpr", "closure"])("%s is refused with what to do instead", (key) => {
    const error = refusal({ [key]: "github:secret/repository", storePath: HELLO });
    expect(error.code).toBe("UnsupportedAttribute");
    expect(error.message).toContain("storePath");
    expect(error.message).not.toContain("secret");
  });
});

describe("attributes that are not clear", () => {
  test.each<[string, Record<string, string>, string]>([
    ["no attribute at all", {}, MISSING],
    ["only view", { view: "tree" }, MISSING],
    ["an empty storePath", { storePath: "" }, "storePath is empty: give /nix/store/<hash>-<name>"],
    ["a blank storePath", { storePath: " \n\t " }, "storePath is empty: give /nix/store/<hash>-<name>"],
    ["both spellings", { storePath: HELLO, storePaths: HELLO }, "give storePath or storePaths, not both"],
    [
      "both spellings for this system",
      { "storePath.x86_64-linux": HELLO, "storePaths.x86_64-linux": HELLO },
      "give storePath or storePaths, not both",
    ],
    [
      "two dialects",
      { storePath: HELLO, "x86_64-linux": HELLO },
      "storePath and <system> attributes cannot be used together",
    ],
    [
      "two dialects, one for another system",
      { storePath: HELLO, "aarch64-linux": HELLO },
      "storePath and <system> attributes cannot be used together",
    ],
    [
      "two roots of one name",
      { storePath: `${HELLO} ${HELLO_ARM}` },
      "two store paths have the same name, so /nix/store/.roots/<name> would be ambiguous: use two volumes",
    ],
    [
      "an entrypoint in another store path",
      { storePath: HELLO, entrypoint: `${CURL}/bin/curl` },
      "entrypoint must lie inside one of the volume's store paths",
    ],
  ])("are refused: %s", (_what, attributes, message) => {
    expect(refusal(attributes)).toMatchObject({ code: "InvalidAttribute", message });
  });

  test.each([
    [{ "storePath.aarch64-linux": HELLO }],
    [{ "aarch64-linux": HELLO }],
    [{ "storePaths.i686-linux": HELLO }],
  ])("%j has nothing for this node, and the message says what to add", (attributes: Readonly<
    Record<string, string>
  >) => {
    const error = refusal(attributes);
    expect(error.code).toBe("WrongSystem");
    expect(error.message).toContain("storePath.x86_64-linux");
  });

  test.each([
    "",
    "/bin/sh",
    `${HELLO}/../x`,
    `${HELLO}/bin/\0`,
    "hello",
    "--option",
  ])("an entrypoint of %j is no path in the store", (entrypoint) => {
    expect(refusal({ storePath: HELLO, entrypoint }).code).toBe("InvalidStorePath");
  });

  test.each([
    "/etc/shadow",
    "/nix/store/../etc/shadow",
    `${HELLO}/../../../etc/shadow`,
    `--option ${HELLO}`,
    `${HELLO} --option`,
    `${HELLO}\0`,
    `${HELLO}\u00A0${HELLO}`,
    "$(cat /etc/shadow)",
    ".#shadow",
  ])("a storePath of %j is refused without being echoed", (storePath) => {
    const error = refusal({ storePath });
    expect(error.code).toBe("InvalidStorePath");
    expect(error.message).not.toMatch(/shadow|option/);
  });
});

describe("unknown keys", () => {
  test.each([
    "storepath",
    "storePath.",
    "storePath.windows",
    "x86_64",
    "store.x86_64-linux",
    "readOnly",
    "",
    " ",
  ])("%j is refused, with what is allowed", (key) => {
    const error = refusal({ storePath: HELLO, [key]: "x" });
    expect(error.code).toBe("InvalidAttribute");
    expect(error.message).toContain("allowed are storePath, storePath.<system>, entrypoint, view");
  });

  test.each([
    ["storePaht", "storePath"],
    ["storePath.x86_64-linxu", "storePath.x86_64-linux"],
    ["Entrypoint", "entrypoint"],
  ])("%s is refused with the name that was meant", (key, meant) => {
    expect(refusal({ [key]: HELLO }).message).toContain(
      `unknown volume attribute "${key}" (did you mean ${meant}?): allowed`,
    );
  });

  test.each(["constructor", "toString", "hasOwnProperty", "__proto__"])("%s is a key like any other", (key) => {
    const attributes = Object.fromEntries([
      ["storePath", HELLO],
      [key, "x"],
    ]);
    expect(refusal(attributes).message).toContain(`unknown volume attribute "${key}"`);
  });

  test("what an object inherits is no attribute", () => {
    const inherited: Record<string, string> = Object.create({ entrypoint: "/etc/passwd", view: "odd", odd: "x" });
    expect(parse(Object.assign(inherited, { storePath: HELLO }))).toMatchObject({ links: [], view: "auto" });
  });

  test("at most three are shown, cut and made harmless", () => {
    const attributes = { storePath: HELLO, [`a\n\u0000é${"k".repeat(100)}`]: "", b: "", c: "", d: "" };
    expect(refusal(attributes).message).toContain(`"a???${"k".repeat(36)}", "b", "c":`);
  });

  test("of the kubelet are never unknown and never counted", () => {
    const attributes = {
      storePath: HELLO,
      "csi.storage.k8s.io/pod.name": "hello-0",
      "csi.storage.k8s.io/serviceAccount.tokens": "x".repeat(10_000),
      "csi.storage.k8s.io/something.new": "",
    };
    expect(parse(attributes).roots).toEqual([HELLO]);
  });
});

describe("the size of attributes", () => {
  test("may be 4 KiB and not a byte more", () => {
    const fill = (sizeBytes: number): Record<string, string> => ({
      storePath: HELLO.padEnd(sizeBytes - "storePath".length),
    });
    expect(parse(fill(MAX_ATTRIBUTES_BYTES)).roots).toEqual([HELLO]);
    expect(refusal(fill(MAX_ATTRIBUTES_BYTES + 1)).message).toBe(
      "volumeAttributes hold 4097 bytes; at most 4096 are allowed",
    );
  });

  test("is counted in bytes, keys included", () => {
    expect(refusal({ storePath: "é".repeat(2048) }).message).toContain("hold 4105 bytes");
  });

  test("of ten thousand keys or one mebibyte is refused with a short message", () => {
    const keys = Object.fromEntries(Array.from({ length: 10_000 }, (_each, index) => [`key${index}`, "v"]));
    for (const attributes of [keys, { storePath: "x".repeat(1 << 20) }]) {
      expect(refusal(attributes).code).toBe("InvalidAttribute");
      expect(refusal(attributes).message.length).toBeLessThan(100);
    }
  });

  test("allows 64 store paths", () => {
    const paths = (count: number): string =>
      Array.from({ length: count }, (_each, index) => `${HELLO.slice(0, 44)}${index}`).join(" ");
    expect(parse({ storePath: paths(64) }).roots).toHaveLength(64);
    expect(refusal({ storePath: paths(65) }).message).toBe("at most 64 store paths are allowed");
  });
});

describe("any attributes at all", () => {
  const key = fc.oneof(
    fc.constantFrom("storePath", "storePaths", "entrypoint", "view", "x86_64-linux", "aarch64-linux", "flakeRef"),
    fc.constantFrom("storePath.x86_64-linux", "storePath.aarch64-linux", "storePaths.x86_64-linux", "__proto__"),
    fc.constantFrom("csi.storage.k8s.io/pod.name", "csi.storage.k8s.io/ephemeral", "constructor", "closure"),
    fc.string({ unit: "binary", maxLength: 50 }),
  );
  const canary = "CANARY";
  const value = fc.oneof(
    fc.constantFrom(HELLO, CURL, `${HELLO} ${CURL}`, `${HELLO}/bin/hello`, "tree", "", "../", "\0", "--option"),
    fc.string({ unit: "binary", maxLength: 200 }).map((text) => `${canary}${text}`),
  );

  test("are understood, or refused as invalid with a short message that holds none of their values", () => {
    const attributes = fc.array(fc.tuple(key, value), { maxLength: 6 }).map((entries) => Object.fromEntries(entries));
    fc.assert(
      fc.property(attributes, (each) => {
        const outcome = outcomeOf(each);
        if (outcome === "understood") return;
        if (!isNiphasError(outcome)) throw outcome;
        expect(outcome.kind).toBe("invalid");
        expect(outcome.message.length).toBeLessThan(300);
        expect(outcome.message).not.toContain(canary);
      }),
      { numRuns: 2000 },
    );
  });

  test("that are understood give sorted roots of the store and links inside them", () => {
    const attributes = fc.record(
      { storePath: value, entrypoint: value, view: fc.constantFrom("auto", "tree") },
      { requiredKeys: ["storePath"] },
    );
    fc.assert(
      fc.property(attributes, (each) => {
        if (outcomeOf(each) !== "understood") return;
        const request = parse(each);
        expect(request.roots).toEqual([...request.roots].sort());
        expect(request.roots.every((root) => /^\/nix\/store\/[^/]+$/.test(root))).toBe(true);
        expect(request.links.every((link) => request.roots.some((root) => link.target.startsWith(root)))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("the pod's identity", () => {
  test("is what the kubelet adds", () => {
    const identity = parsePodIdentity({
      "csi.storage.k8s.io/pod.namespace": "shop",
      "csi.storage.k8s.io/pod.name": "hello-0.a",
      "csi.storage.k8s.io/pod.uid": "0d8c3b2e-5d1c-4b0f-9a9e-0a5a0f6b7c8d",
      "csi.storage.k8s.io/serviceAccount.name": "default",
      "csi.storage.k8s.io/serviceAccount.tokens": "secret",
    });
    expect(identity).toEqual({
      namespace: "shop",
      name: "hello-0.a",
      uid: "0d8c3b2e-5d1c-4b0f-9a9e-0a5a0f6b7c8d",
      serviceAccount: "default",
    });
  });

  test("is empty when the kubelet adds nothing", () => {
    expect(parsePodIdentity({})).toEqual({ namespace: "", name: "", uid: "", serviceAccount: "" });
  });

  test.each([
    "a\nb",
    "a b",
    "Shop",
    "a_b",
    "*",
    "../x",
    "-x",
    "a".repeat(254),
    "\0",
    "ä",
  ])("is refused with the name %j", (name) => {
    const attributes = { "csi.storage.k8s.io/pod.namespace": name };
    expect(() => parsePodIdentity(attributes)).toThrow("csi.storage.k8s.io/pod.namespace is not a Kubernetes name");
  });
});

function parse(attributes: Readonly<Record<string, string>>): ReturnType<typeof parseVolumeAttributes> {
  return parseVolumeAttributes(attributes, X86);
}

function outcomeOf(attributes: Readonly<Record<string, string>>): unknown {
  try {
    parse(attributes);
    return "understood";
  } catch (error) {
    return error;
  }
}

function refusal(attributes: Readonly<Record<string, string>>): NiphasError {
  const outcome = outcomeOf(attributes);
  if (isNiphasError(outcome) && outcome.kind === "invalid") return outcome;
  throw new Error("expected a refusal of kind invalid", { cause: outcome });
}
