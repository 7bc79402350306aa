/** Bytes of one setting: an identifier of 16 bits and a value of 32 (RFC 9113 section 6.5.1). */
const settingBytes = 6;
/** Settings beyond which a client means no good: there are eight that anyone knows. */
const maxSettings = 24;

/** The ranges of the settings that have one (RFC 9113 section 6.5.2, RFC 8441 section 3). */
const ranges: Readonly<Record<number, readonly [least: number, most: number]>> = {
  2: [0, 1], // ENABLE_PUSH
  4: [0, 0x7fff_ffff], // INITIAL_WINDOW_SIZE
  5: [16_384, 0xff_ffff], // MAX_FRAME_SIZE
  8: [0, 1], // ENABLE_CONNECT_PROTOCOL
  9: [0, 1], // NO_RFC7540_PRIORITIES (RFC 9218 section 2.1)
};

/**
 * The payload of the SETTINGS frame that an HTTP2-Settings field stands for (RFC 7540 section 3.2.1); undefined where the
 * field is malformed, or says what a SETTINGS frame must not say. An empty field says nothing, and may.
 */
export function decodeSettings(field: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(field)) {
    return undefined;
  }
  const payload = Buffer.from(field, "base64url");
  // The same bytes again only if nothing was left over, neither characters nor bits.
  return payload.toString("base64url") === field && areValid(payload) ? payload : undefined;
}

function areValid(payload: Buffer): boolean {
  if (payload.length % settingBytes !== 0 || payload.length > maxSettings * settingBytes) {
    return false;
  }
  for (let at = 0; at < payload.length; at += settingBytes) {
    const [least, most] = ranges[payload.readUInt16BE(at)] ?? [0, 0xffff_ffff];
    const value = payload.readUInt32BE(at + 2);
    if (value < least || value > most) {
      return false;
    }
  }
  return true;
}
