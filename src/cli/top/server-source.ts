import type { SignalName } from '../../kernel/inputs.ts';
import type { KernelSnapshot } from '../../kernel/snapshot.ts';
import { asked, problemOf, type AskedServer } from '../serve/ask-server.ts';
import type { TopSource } from './top-source.ts';

/** A server that runs somewhere. */
export class ServerSource implements TopSource {
  private readonly server: AskedServer;

  constructor(server: AskedServer) {
    this.server = server;
  }

  get title(): string {
    return this.server.url;
  }

  /** JSON knows no endless memory: it is null. */
  async look(): Promise<KernelSnapshot> {
    return (await asked(this.server, this.server.client.getKernel())) as unknown as KernelSnapshot;
  }

  async signal(pid: number, signal: SignalName): Promise<string> {
    try {
      await this.server.client.signalProcess({ pid, body: { signal } });
      return `process ${pid}: ${signal}`;
    } catch (error) {
      return problemOf(this.server.url, error).message;
    }
  }
}
