import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { AwsCredentials } from "./signature-v4.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Credentials from where AWS's own tools look first: the environment, then the credentials file. None: anonymous.
 * A profile that is asked for by name passes the environment over.
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export async function findAwsCredentials(
  profile: string | undefined,
  environment: Environment,
): Promise<AwsCredentials | undefined> {
  const fromEnvironment = credentialsOf({
    aws_access_key_id: environment["AWS_ACCESS_KEY_ID"],
    aws_secret_access_key: environment["AWS_SECRET_ACCESS_KEY"],
    aws_session_token: environment["AWS_SESSION_TOKEN"],
  });
  if (profile === undefined && fromEnvironment !== undefined) return fromEnvironment;
  const file = environment["AWS_SHARED_CREDENTIALS_FILE"] ?? join(environment["HOME"] ?? "/", ".aws/credentials");
  const profiles = parseProfiles(await readFile(file, "utf8").catch(() => ""));
  return credentialsOf(profiles.get(profile ?? environment["AWS_PROFILE"] ?? "default") ?? {});
}

/** The sections of an AWS credentials file. What makes no sense is passed over. */
export function parseProfiles(text: string): ReadonlyMap<string, Environment> {
  const profiles = new Map<string, Record<string, string>>();
  let current: Record<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) {
      current = profiles.get(section) ?? {};
      profiles.set(section, current);
    }
    const [, key, value] = /^\s*([a-z_0-9]+)\s*=\s*(.*?)\s*$/i.exec(line) ?? [];
    if (current !== undefined && key !== undefined && value !== undefined) current[key.toLowerCase()] = value;
  }
  return profiles;
}

function credentialsOf(section: Environment): AwsCredentials | undefined {
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = section;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: section["aws_session_token"] || undefined };
}
