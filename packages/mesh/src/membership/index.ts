export {
  type ClusterPlace,
  createMembership,
  type MembershipComponents,
  type MembershipInit,
  type StartableMembership,
} from "./create-membership.ts";
export { type MembersSource, parseMembers } from "./members-flag.ts";
export type * from "./ports.ts";
