/** Tokens by which one question can be answered, and nothing else be done: they need not be kept, and hold also after the server has started anew. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export class AnswerTokens {
  private readonly secret: string;

  constructor(secret: string) {
    this.secret = secret;
  }

  tokenOf(question: string): string {
    return `${question}~${this.proofOf(question)}`;
  }

  /** Undefined: nobody was given this token. */
  questionOf(token: string): string | undefined {
    const at = token.lastIndexOf('~');
    const question = token.slice(0, Math.max(0, at));
    const given = Buffer.from(token.slice(at + 1));
    const right = Buffer.from(this.proofOf(question));
    return given.length === right.length && timingSafeEqual(given, right) ? question : undefined;
  }

  /** `t=SECONDS,v1=HEX` over the seconds, a dot and the body: whoever has the secret can tell that the body is of this server, and how old it is. */
  signatureOf(body: string, seconds: number): string {
    return `t=${seconds},v1=${this.hmac(`${seconds}.${body}`)}`;
  }

  private proofOf(question: string): string {
    return this.hmac(`answer\n${question}`);
  }

  private hmac(text: string): string {
    return createHmac('sha256', this.secret).update(text).digest('hex');
  }
}
