/** One extension that a client offers, with its parameters; `true` for a parameter without a value. */
export interface ExtensionOffer {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string | true])[];
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const space = "[ \\t]*";
/** RFC 6455 section 9.1: a quoted value is a token, too, once its quotes and backslashes are taken away. */
const parameter = new RegExp(
  `${space};${space}(${token})(?:${space}=${space}(?:(${token})|"((?:[^"\\\\]|\\\\.)*)"))?`,
  "y",
);
const extension = new RegExp(`${space}(${token})`, "y");
const separator = new RegExp(`${space}(?:,|$)`, "y");
const emptyMember = new RegExp(`${space},`, "y");
const wholeToken = new RegExp(`^${token}$`);

/** Characters of the field beyond which it is taken for malformed: no client needs a tenth of it. */
const maxLength = 4_096;

/** Reads Sec-WebSocket-Extensions (RFC 6455 section 9.1). Undefined: it is malformed. */
export function parseExtensions(field: string): readonly ExtensionOffer[] | undefined {
  if (field.length > maxLength) {
    return undefined;
  }
  const offers: ExtensionOffer[] = [];
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    at = match === null ? at : pattern.lastIndex;
    return match;
  };
  for (;;) {
    while (next(emptyMember) !== null) {
      // RFC 9110 section 5.6.1.2: empty members are ignored
    }
    const name = next(extension)?.[1];
    if (name === undefined) {
      return /^[ \t]*$/.test(field.slice(at)) && offers.length > 0 ? offers : undefined;
    }
    const parameters: (readonly [string, string | true])[] = [];
    for (let match = next(parameter); match !== null; match = next(parameter)) {
      const value = match[2] ?? match[3]?.replace(/\\(.)/gs, "$1");
      if (value !== undefined && !wholeToken.test(value)) {
        return undefined;
      }
      parameters.push([match[1]!, value ?? true]);
    }
    offers.push({ name, parameters });
    if (next(separator) === null) {
      return undefined;
    }
    if (at >= field.length) {
      return offers;
    }
  }
}
