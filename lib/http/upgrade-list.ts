/**
 * The Upgrade field (RFC 9110 section 7.8):
 *
 *     Upgrade          = #protocol
 *     protocol         = protocol-name [ "/" protocol-version ]
 *     protocol-name    = token
 *     protocol-version = token
 */
const protocol = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;

/** Members and characters beyond which a list is ignored: no client needs more, and each member costs a look-up. */
const maxMembers = 16;
const maxLength = 1_024;

/**
 * The protocols that the field lines offer, in order. Empty where there are none, where any member is malformed, and
 * beyond the caps: a list that cannot be understood whole is not understood at all, for half of it may mean something
 * else to the next recipient.
 */
export function parseUpgradeList(lines: readonly string[]): readonly string[] {
  const list = lines.length === 1 ? lines[0]! : lines.join(",");
  if (list.length > maxLength) {
    return [];
  }
  if (list !== last.list) {
    last = { list, offers: parse(list) };
  }
  return last.offers;
}

/** The clients of a server mostly offer one and the same. */
let last: { readonly list: string; readonly offers: readonly string[] } = { list: "", offers: [] };

function parse(list: string): readonly string[] {
  const offers: string[] = [];
  for (const member of list.split(",")) {
    const offer = member.replace(/^[ \t]+|[ \t]+$/g, "");
    if (offer === "") {
      continue; // RFC 9110 section 5.6.1.2: empty members are ignored
    }
    if (!protocol.test(offer) || offers.length === maxMembers) {
      return [];
    }
    offers.push(offer);
  }
  return Object.freeze(offers); // others will get the same
}

/** Whether `text` is `name[/version]`. */
export function isProtocol(text: string): boolean {
  return protocol.test(text);
}

/** The form under which two spellings of one protocol are equal: names have no case, versions do. */
export function protocolKey(offer: string): string {
  const slash = offer.indexOf("/");
  return slash === -1 ? offer.toLowerCase() : offer.slice(0, slash).toLowerCase() + offer.slice(slash);
}
