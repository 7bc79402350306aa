import { generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";

/** A certificate and its key, as PEM. */
export interface SelfSigned {
  readonly cert: string;
  readonly key: string;
}

const day = 86_400_000;

// ASN.1, DER (ITU-T X.690): a tag, a length, the content.
const tag = { boolean: 1, integer: 2, bits: 3, octets: 4, oid: 6, utf8: 12, utcTime: 23, sequence: 0x30, set: 0x31 };

const oids = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectAltName: "551d11",
  basicConstraints: "551d13",
  keyUsage: "551d0f",
  extKeyUsage: "551d25",
  serverAuth: "2b06010505070301",
};

/**
 * A self-signed P-256 certificate (RFC 5280, version 3) for `localhost`, 127.0.0.1 and ::1, made in memory and valid
 * for a week: for tests and development only.
 */
export function selfSigned(): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(tag.sequence, oid(oids.ecdsaWithSha256));
  const name = der(
    tag.sequence,
    der(tag.set, der(tag.sequence, oid(oids.commonName), der(tag.utf8, Buffer.from("localhost")))),
  );
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x3f) | 0x40; // positive, and of a fixed length
  const now = Date.now();
  const tbs = der(
    tag.sequence,
    der(0xa0, der(tag.integer, Buffer.from([2]))),
    der(tag.integer, serial),
    algorithm,
    name,
    der(tag.sequence, time(now - day), time(now + 7 * day)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(tag.sequence, ...extensions())),
  );
  const signature = sign("sha256", tbs, privateKey);
  const certificate = der(tag.sequence, tbs, algorithm, der(tag.bits, Buffer.from([0]), signature));
  return {
    cert: new X509Certificate(certificate).toString(),
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  };
}

function extensions(): Buffer[] {
  const dnsName = der(0x82, Buffer.from("localhost"));
  const ip4 = der(0x87, Buffer.from([127, 0, 0, 1]));
  const ip6 = der(0x87, Buffer.from("00000000000000000000000000000001", "hex"));
  return [
    extension(oids.subjectAltName, der(tag.sequence, dnsName, ip4, ip6)),
    extension(oids.basicConstraints, der(tag.sequence), true),
    extension(oids.keyUsage, der(tag.bits, Buffer.from([7, 0x80])), true), // digitalSignature
    extension(oids.extKeyUsage, der(tag.sequence, oid(oids.serverAuth))),
  ];
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der(tag.boolean, Buffer.from([0xff]))] : [];
  return der(tag.sequence, oid(id), ...flag, der(tag.octets, value));
}

function der(type: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...size]), content]);
}

function oid(hex: string): Buffer {
  return der(tag.oid, Buffer.from(hex, "hex"));
}

/** UTCTime: YYMMDDhhmmssZ. */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/\D/g, "").slice(2, 14);
  return der(tag.utcTime, Buffer.from(`${digits}Z`));
}
