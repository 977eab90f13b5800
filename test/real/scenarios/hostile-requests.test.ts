import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { CommandSpy, type Message, needs, type RpcOutcome, TestNode, temporaryDirectory } from "@niphas/testing";
import fc from "fast-check";
import { beforeEach, expect, it } from "vitest";
import { expectNothingLeft, MACHINE, small } from "./support.ts";

beforeEach((context) => needs(context, ...MACHINE));

const CANARY = "canary-4711";
const CONTROL_CHARACTERS = /\p{Cc}/u;
const MAX_LOG_LINE_LENGTH = 4096;
const MAX_MESSAGE_LENGTH = 1000;
const REAL_LOOKING = `/nix/store/${"a".repeat(32)}-thing`;

/** A refusal says what is wrong in a few words and repeats nothing of the request. */
function expectRefused(outcome: RpcOutcome): void {
  expect(outcome.code, outcome.message).toBe("INVALID_ARGUMENT");
  expect(outcome.message.length).toBeLessThanOrEqual(MAX_MESSAGE_LENGTH);
  expect(outcome.message).not.toContain(CANARY);
  expect(outcome.message).not.toMatch(CONTROL_CHARACTERS);
}

const HOSTILE_ATTRIBUTES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["no attribute", {}],
  ["an unknown key", { storePath: REAL_LOOKING, [`\u001b[31m\n${"x".repeat(2000)}`]: CANARY }],
  ["ten thousand keys", Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key${index}`, CANARY]))],
  ["a value of 16 KiB", { storePath: `${REAL_LOOKING}${CANARY.repeat(1500)}` }],
  ["a NUL", { storePath: `${REAL_LOOKING}\u0000${CANARY}` }],
  ["a newline in a path", { storePath: `/nix/store/${"a".repeat(32)}-\n${CANARY}` }],
  ["other scripts", { storePath: `/nix/store/${"ä".repeat(32)}-${CANARY}` }],
  ["a path that climbs", { storePath: `${REAL_LOOKING}/../../../etc/${CANARY}` }],
  ["the store itself", { storePath: `/nix/store/${CANARY}` }],
  ["a path outside the store", { storePath: `/etc/${CANARY}` }],
  ["a store path climbed out of", { storePath: "/nix/store/../etc" }],
  ["a flake", { flakeRef: CANARY }],
  ["an expression", { nixExpr: CANARY }],
  ["an option for a path", { storePath: "--option" }],
  ["an option before a path", { storePath: `--option substituters http://${CANARY} ${REAL_LOOKING}` }],
  ["an option as an entry point", { storePath: REAL_LOOKING, entrypoint: `--${CANARY}` }],
  ["a shell command", { storePath: `${REAL_LOOKING};touch /tmp/${CANARY}` }],
  ["a substitution", { storePath: `$(touch /tmp/${CANARY})` }],
];

it("K27 K29: hostile attributes are refused in a few words, and no process is started", async () => {
  await using spyDir = temporaryDirectory("k27-spy");
  const spy = new CommandSpy(spyDir.path, ["nix", "nix-store", "sh", "mount"]);
  await using node = await TestNode.create("k27", { plugin: { env: spy.env } });
  const callsBefore = spy.calls.length;
  for (const [name, attributes] of HOSTILE_ATTRIBUTES) {
    const outcome = await node.publish(node.volume(), attributes);
    expect(outcome.code, name).toBe("INVALID_ARGUMENT");
    expectRefused(outcome);
  }
  const key = fc.oneof(fc.constantFrom("storePath", "storePaths", "entrypoint", "view"), fc.string());
  const anyAttributes = fc.dictionary(key, fc.oneof(fc.string(), fc.string({ unit: "binary" })), { maxKeys: 5 });
  await fc.assert(
    fc.asyncProperty(anyAttributes, async (attributes) => expectRefused(await node.publish(node.volume(), attributes))),
    { numRuns: 100 },
  );
  // More than a message may hold does not get as far as the plugin's own checks.
  const huge = await node.publish(node.volume(), { storePath: `${REAL_LOOKING}${CANARY.repeat(100_000)}` });
  expect(huge.code).toMatch(/^(INVALID_ARGUMENT|RESOURCE_EXHAUSTED)$/);
  expect(spy.calls.slice(callsBefore)).toEqual([]);
  expect(existsSync(`/tmp/${CANARY}`)).toBe(false);
  expectNothingLeft(node);
  await node.plugin.kill("SIGTERM");
  expect(node.plugin.logs.lines.filter((line) => line.length > MAX_LOG_LINE_LENGTH)).toEqual([]);
});

it("K28: volume ids that are not the kubelet's are refused", async () => {
  await using node = await TestNode.create("k28");
  const closure = await node.addLocal(small("k28"));
  const volume = node.volume();
  const hex = volume.volumeId.slice(4);
  const ids = [
    "",
    "../../x",
    `csi-${hex}/../x`,
    `csi-${hex}0`,
    `CSI-${hex}`,
    "x".repeat(10_000),
    `$(${CANARY})`,
    "csi-",
  ];
  for (const volumeId of [...ids, `csi-${hex.toUpperCase()}A`, `csi-${hex}\n`, ` csi-${hex}`]) {
    expectRefused(await node.publish({ ...volume, volumeId }, closure.root));
    expectRefused(await node.unpublish({ ...volume, volumeId }));
  }
  expectNothingLeft(node);
});

it("K28: target paths outside the kubelet's directory or through a symbolic link are refused", async () => {
  await using node = await TestNode.create("k28b");
  const closure = await node.addLocal(small("k28b"));
  const volume = node.volume();
  const outside = node.directory.join("outside");
  mkdirSync(`${outside}/inner`, { recursive: true });
  symlinkSync(outside, `${volume.volumeDir}/link`);
  symlinkSync(outside, `${volume.volumeDir}/mount-link`);
  const targets = [
    "",
    "mount",
    `${outside}/mount`,
    `${volume.volumeDir}/../../../../../../../outside/mount`,
    `${volume.volumeDir}/./mount`,
    `${volume.volumeDir}//mount`,
    `${volume.volumeDir}/link/mount`,
    `${volume.volumeDir}/link/inner`,
    `${volume.volumeDir}/mount-link`,
    `${volume.volumeDir}/mount\u0000`,
    `${node.plugin.kubeletDir}-other/mount`,
    node.plugin.kubeletDir,
    "/",
    `/${CANARY}`.repeat(2000),
  ];
  for (const targetPath of targets) {
    expectRefused(await node.publish({ ...volume, targetPath }, closure.root));
    expect((await node.unpublish({ ...volume, targetPath })).code, targetPath).toBe("INVALID_ARGUMENT");
  }
  expect(existsSync(`${outside}/mount`)).toBe(false);
  expect(existsSync(`${outside}/inner`)).toBe(true);
  expectNothingLeft(node);
});

it("K29: a path reaches Nix as one argument of its own, never through a shell", async () => {
  await using spyDir = temporaryDirectory("k29-spy");
  const spy = new CommandSpy(spyDir.path, ["nix", "nix-store", "sh", "bash"]);
  await using node = await TestNode.create("k29", { plugin: { env: spy.env } });
  const closure = await node.addUpstream(small("k29"));
  expect(await node.publish(node.volume(), closure.root)).toMatchObject({ code: "OK" });
  const withPath = spy.calls.filter((call) => call.some((argument) => argument.includes(closure.root)));
  expect(withPath).not.toEqual([]);
  for (const call of withPath) expect(call).toContain(closure.root);
  expect(spy.calls.filter(([program]) => program === "sh" || program === "bash")).toEqual([]);
});

it("K30: volumes that are not read-only, block volumes, mount flags and file system types are refused", async () => {
  await using node = await TestNode.create("k30");
  const closure = await node.addLocal(small("k30"));
  const volume = node.volume();
  const access_mode = { mode: "SINGLE_NODE_WRITER" };
  const cases: readonly (readonly [RegExp, Message])[] = [
    [/readOnly: true/, { readonly: false }],
    [/block/, { volume_capability: { block: {}, access_mode } }],
    [/flags/, { volume_capability: { mount: { fs_type: "", mount_flags: ["rw", "suid"] }, access_mode } }],
    [/fsType/, { volume_capability: { mount: { fs_type: "ext4", mount_flags: [] }, access_mode } }],
    [/capability/, { volume_capability: null }],
  ];
  for (const [message, raw] of cases) {
    const outcome = await node.plugin.client.publish({ ...node.publishRequest(volume, closure.root), raw });
    expectRefused(outcome);
    expect(outcome.message).toMatch(message);
  }
  expectNothingLeft(node);
});

it("K27: secrets and tokens are in no log and no message, at any level", async () => {
  await using node = await TestNode.create("k27s", { plugin: { flags: { "log-level": "trace" } } });
  const closure = await node.addLocal(small("k27s"));
  for (const storePath of [closure.root, "nonsense", `/nix/store/${"b".repeat(32)}-absent`]) {
    const attributes = { storePath, "csi.storage.k8s.io/serviceAccount.tokens": `{"aud":{"token":"${CANARY}"}}` };
    const request = { ...node.publishRequest(node.volume(), attributes), secrets: { password: CANARY } };
    const outcome = await node.plugin.client.publish(request);
    expect(outcome.message + JSON.stringify(outcome.metadata.getMap())).not.toContain(CANARY);
  }
  // The log is written behind the answers.
  await node.plugin.kill("SIGTERM");
  expect(node.plugin.logs.text).toContain("NodePublishVolume");
  expect(node.plugin.logs.text).not.toContain(CANARY);
});
