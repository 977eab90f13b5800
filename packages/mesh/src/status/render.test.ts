import { describe, expect, it } from "vitest";
import { parsePeerId } from "../network/identity/peer-id.ts";
import type { MemberReport, StatusReport } from "./ports.ts";
import { renderStatus } from "./render.ts";

const PEER = parsePeerId("12D3KooWHTsSxeDwEXkttdQrux52hGMf5jsG3CgXAJep8AVCjv4n");
const MEMBER: MemberReport = {
  peerId: PEER,
  address: "10.0.0.1:9811",
  zone: "a",
  state: "connected",
  quarantine: null,
};
const IDLE: StatusReport = {
  version: "1.0.0",
  peerId: PEER,
  listen: "10.0.0.2:9811",
  zone: null,
  membershipProblem: null,
  members: [],
  discovery: "summaries",
  paths: 1,
  upstreams: [],
  nars: 0,
  queuedNars: 0,
  plans: 0,
  freeUploadSlots: 8,
  spoolBytes: { memory: 0, disk: 0 },
  receivedBytes: { zone: 0, peer: 0, upstream: 0, local: 0 },
  sentBytes: 0,
};

describe("the status of a daemon", () => {
  it("says that nothing has happened yet, and that nobody else is there", () => {
    const text = renderStatus(IDLE);
    expect(text).toMatch(/^members +0, 0 connected$/m);
    expect(text).toMatch(/^received +0 B from this zone, 0 B from others, 0 B from upstream$/m);
    expect(text).toMatch(/^store +1 shared path$/m);
    expect(text).toMatch(/\nno other members\n$/);
  });

  it("has sizes in units that fit, and the share that members gave", () => {
    const receivedBytes = { zone: 3 * 2 ** 30, peer: 512, upstream: 2 ** 30, local: 0 };
    const text = renderStatus({ ...IDLE, receivedBytes, nars: 5, queuedNars: 2, plans: 1 });
    expect(text).toContain("3.0 GiB from this zone, 512 B from others, 1.0 GiB from upstream; hit ratio 75 %");
    expect(text).toContain("5 NARs, 2 of them waiting; 1 plan");
  });

  it("has a column for each fact of a member, and why it is not asked", () => {
    const quarantine = { reason: "wrong bytes", leftSeconds: 600, times: 1 };
    const text = renderStatus({ ...IDLE, members: [MEMBER, { ...MEMBER, zone: null, state: "lost", quarantine }] });
    expect(text).toMatch(/^MEMBER +ADDRESS +ZONE +STATE$/m);
    expect(text).toMatch(/ 10\.0\.0\.1:9811 +a +connected$/m);
    expect(text).toMatch(/ 10\.0\.0\.1:9811 +- +lost +in quarantine for 600 s \(wrong bytes\)$/m);
  });

  it("says why the members may be out of date", () => {
    expect(renderStatus({ ...IDLE, membershipProblem: "the API server is away" })).toMatch(/^problem +the API server/m);
  });
});
