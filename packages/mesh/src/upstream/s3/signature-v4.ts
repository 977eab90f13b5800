import { createHash, createHmac } from "node:crypto";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

export interface SignatureScope {
  readonly region: string;
  readonly service: string;
  readonly date: Date;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const EMPTY_BODY_SHA256 = createHash("sha256").digest("hex");

/**
 * The headers that sign a GET without a body by AWS signature version 4, as S3 wants it.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signedHeaders(url: URL, credentials: AwsCredentials, scope: SignatureScope): Record<string, string> {
  const amzDate = amzDateOf(scope.date);
  const headers: Record<string, string> = {
    "x-amz-content-sha256": EMPTY_BODY_SHA256,
    "x-amz-date": amzDate,
    ...(credentials.sessionToken === undefined ? {} : { "x-amz-security-token": credentials.sessionToken }),
  };
  const request = canonicalRequest(url, { host: url.host, ...headers }, EMPTY_BODY_SHA256);
  return { ...headers, authorization: authorization(request, credentials, scope) };
}

export interface CanonicalRequest {
  readonly text: string;
  readonly signedNames: string;
}

/** The form of a GET request that is signed. `headers` have names in lower case. */
export function canonicalRequest(
  url: URL,
  headers: Readonly<Record<string, string>>,
  bodySha256: string,
): CanonicalRequest {
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join("");
  const signedNames = names.join(";");
  const text = ["GET", canonicalPath(url), canonicalQuery(url), lines, signedNames, bodySha256].join("\n");
  return { text, signedNames };
}

/** The value of the header `Authorization`. */
export function authorization(request: CanonicalRequest, credentials: AwsCredentials, scope: SignatureScope): string {
  const amzDate = amzDateOf(scope.date);
  const scopeText = [amzDate.slice(0, 8), scope.region, scope.service, "aws4_request"].join("/");
  const requestSha256 = createHash("sha256").update(request.text).digest("hex");
  const toSign = [ALGORITHM, amzDate, scopeText, requestSha256].join("\n");
  const key = scopeText.split("/").reduce(hmac, Buffer.from(`AWS4${credentials.secretAccessKey}`));
  const signature = hmac(key, toSign).toString("hex");
  const credential = `${credentials.accessKeyId}/${scopeText}`;
  return `${ALGORITHM} Credential=${credential}, SignedHeaders=${request.signedNames}, Signature=${signature}`;
}

/** RFC 3986's form, in which everything but letters, digits and `-._~` is escaped. */
export function awsEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function canonicalPath(url: URL): string {
  return url.pathname
    .split("/")
    .map((part) => awsEncode(decodeURIComponent(part)))
    .join("/");
}

function canonicalQuery(url: URL): string {
  const pairs = [...url.searchParams].map(([key, value]) => `${awsEncode(key)}=${awsEncode(value)}`);
  return pairs.sort().join("&");
}

/** `20130524T000000Z` */
function amzDateOf(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
