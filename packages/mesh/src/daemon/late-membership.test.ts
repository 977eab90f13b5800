import { expect, it } from "vitest";
import { StaticMembership } from "../membership/static/static-membership.ts";
import { parsePeerId } from "../network/identity/peer-id.ts";
import { LateMembership } from "./late-membership.ts";
import { MemberTable } from "./member-table.ts";

const SELF = parsePeerId("12D3KooWHTsSxeDwEXkttdQrux52hGMf5jsG3CgXAJep8AVCjv4n");
const OTHER = parsePeerId("12D3KooWANUd1QDsEHanueFaUAfeSoQUAJifVnaf74R2pojtABcr");
const MEMBER = { peerId: OTHER, host: "10.0.0.2", port: 9811, zone: undefined };

it("has no members until there is a membership, and tells when there is", async () => {
  await using late = new LateMembership();
  using table = new MemberTable({ membership: late });
  let changes = 0;
  using _subscription = late.onChange(() => changes++);
  expect([late.members(), table.has(OTHER), late.zone, late.problem]).toEqual([[], false, undefined, undefined]);
  late.attach(new StaticMembership({ self: SELF, members: [MEMBER] }));
  expect(late.members()).toEqual([MEMBER]);
  expect(table.has(OTHER)).toBe(true);
  expect(changes).toBe(1);
});

it("a member without a zone is near to nobody", async () => {
  await using late = new LateMembership();
  using table = new MemberTable({ membership: late });
  late.attach(new StaticMembership({ self: SELF, members: [MEMBER] }));
  expect(table.isNear(OTHER)).toBe(false);
});
