import { type Answered, type OriginalRequest, ProtocolModule, type Transport } from "turnout";

/** `echo/1`: names the request that it answers, and then sends back every byte. */
export class EchoProtocol extends ProtocolModule {
  readonly tokens: readonly string[] = ["echo/1"];

  override readonly methods: readonly string[] = ["GET", "POST"];

  override readonly maxBody: number = 65_536;

  takeOver(request: OriginalRequest, transport: Transport): Answered {
    transport.onData = (chunk) => {
      if (!transport.write(chunk)) {
        transport.pause(); // the client sends faster than it reads: let TCP hold it back
      }
    };
    transport.onDrain = () => transport.resume();
    const receipt = transport.answer(`${request.method} ${request.target}\r\n`);
    transport.write(request.body);
    return receipt;
  }
}
