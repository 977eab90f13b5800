import { expect, it } from "vitest";
import { failureOf } from "../nix/node-store.ts";
import { faultRig, hashOf } from "./fault-rig.ts";

const PASSWORD = "canary-9f3e";
const LOGIN = `builder:${PASSWORD}`;

it("M32: a password of upstream is in nothing that a daemon says, whether it works or not", async () => {
  await using rig = await faultRig({ closures: { served: {}, refused: {} }, login: LOGIN });
  const { daemon } = rig.node();
  const said: string[] = [];
  const listen = async (path: string): Promise<void> => {
    said.push(await (await fetch(`${daemon.substituterUrl}${path}`)).text());
  };
  rig.upstream.authorization = `Basic ${Buffer.from(LOGIN).toString("base64")}`;
  await rig.node().realise(rig.closure("served").root);
  rig.upstream.authorization = "another one";
  const failure = await failureOf(rig.node().realise(rig.closure("refused").root));
  const hash = hashOf(rig.closure("refused").root);
  for (const path of ["/status", `/why/${hash}`, `/${hash}.narinfo`, "/nix-cache-info", "/nar/x.nar"])
    await listen(path);
  const headers = { "content-type": "application/json" };
  const plan = { method: "POST", headers, body: JSON.stringify({ roots: [rig.closure("refused").root] }) };
  said.push(await (await fetch(`${daemon.substituterUrl}/plan`, plan)).text());
  said.push(await (await fetch(`${daemon.healthUrl}/metrics`)).text(), failure.message, daemon.logs.text);
  expect(said.join("\n")).toContain(new URL(rig.upstreamUrl).host);
  expect(said.join("\n")).not.toContain(PASSWORD);
  expect(said.join("\n")).not.toContain(Buffer.from(LOGIN).toString("base64"));
});
