import type { ExtensionOffer } from "./extensions.ts";

/** What was agreed on for a connection (RFC 7692 section 7.1). */
export interface DeflateAgreement {
  /** The server compresses each message by itself. */
  readonly serverNoContextTakeover: boolean;
  /** The client does. */
  readonly clientNoContextTakeover: boolean;
  /** The base-2 logarithm of the window that the server compresses with: 8 to 15. */
  readonly serverWindowBits: number;
  /** The value of Sec-WebSocket-Extensions in the 101. */
  readonly response: string;
}

const extensionName = "permessage-deflate";
const largestWindowBits = 15;

/** RFC 7692 section 7.1.2.1: a decimal integer without leading zeros, from 8 to 15. */
const windowBits = /^(?:[89]|1[0-5])$/;

/** Whether a parameter of this name may have this value in an offer. */
const acceptable: Readonly<Record<string, (value: string | true) => boolean>> = {
  server_no_context_takeover: (value) => value === true,
  client_no_context_takeover: (value) => value === true,
  server_max_window_bits: (value) => value !== true && windowBits.test(value),
  client_max_window_bits: (value) => value === true || windowBits.test(value),
};

/** Takes the first offer that can be taken (RFC 7692 section 5); a faulty one spoils no other. */
export function negotiateDeflate(
  offers: readonly ExtensionOffer[],
  { contextTakeover }: { readonly contextTakeover: boolean },
): DeflateAgreement | undefined {
  const offer = offers.find(isAcceptable);
  if (offer === undefined) {
    return undefined;
  }
  const offered = new Map(offer.parameters);
  const serverNoContextTakeover = !contextTakeover || offered.has("server_no_context_takeover");
  const clientNoContextTakeover = !contextTakeover || offered.has("client_no_context_takeover");
  const bits = offered.get("server_max_window_bits");
  const response = [
    extensionName,
    ...(serverNoContextTakeover ? ["server_no_context_takeover"] : []),
    ...(clientNoContextTakeover ? ["client_no_context_takeover"] : []),
    ...(bits === undefined ? [] : [`server_max_window_bits=${bits}`]),
  ].join("; ");
  return {
    serverNoContextTakeover,
    clientNoContextTakeover,
    serverWindowBits: bits === undefined ? largestWindowBits : Number(bits),
    response,
  };
}

/** RFC 7692 section 7.1: an unknown parameter, a repeated one or an invalid value declines the offer. */
function isAcceptable({ name, parameters }: ExtensionOffer): boolean {
  const names = parameters.map(([parameter]) => parameter);
  return (
    name === extensionName &&
    new Set(names).size === names.length &&
    parameters.every(([parameter, value]) => Object.hasOwn(acceptable, parameter) && acceptable[parameter]!(value))
  );
}
