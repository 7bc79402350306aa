import { type Answered, type OriginalRequest, ProtocolModule, type Transport } from "turnout";

/**
 * `example/1` and `foo/2`: the two tokens of the field's own examples. Answers with one line,
 * `<token> <METHOD> <target> <content>` CRLF, then sends back every byte until the client has finished.
 */
export class ExampleProtocol extends ProtocolModule {
  readonly tokens: readonly string[] = ["example/1", "foo/2"];

  override readonly methods: readonly string[] = ["GET", "POST", "OPTIONS"];

  override readonly maxBody: number = 65_536;

  takeOver(request: OriginalRequest, transport: Transport): Answered {
    transport.onData = (chunk) => {
      if (!transport.write(chunk)) {
        transport.pause();
      }
    };
    transport.onDrain = () => transport.resume();
    const start = Buffer.from(`${transport.token} ${request.method} ${request.target} `, "latin1");
    return transport.answer(Buffer.concat([start, request.body, Buffer.from("\r\n")]));
  }
}
