// The one door between the window and what stands behind it: the shell's commands, each answering
// with its value or failing with `Refused`, and the news that something changed. The argument and
// result types come from Rust (`bindings.ts`); nothing here is asserted by hand.
import type { commands, ErrorCode, News } from './bindings';

export type * from './bindings';

type Raw = typeof commands;
type Value<Answer> = Answer extends { status: 'ok'; data: infer Data } ? Data : never;

export type Commands = {
  [Name in keyof Raw]: (
    ...given: Parameters<Raw[Name]>
  ) => Promise<Value<Awaited<ReturnType<Raw[Name]>>>>;
};

export interface Backend extends Commands {
  /** Hears all news until the returned function is called. */
  listen(hear: (news: News) => void): () => void;
}

/** Why a command did not do what was asked. Views translate the code, never the detail. */
export class Refused extends Error {
  readonly code: ErrorCode;
  readonly detail: string;

  constructor(code: ErrorCode, detail = '') {
    super(code);
    this.name = 'Refused';
    this.code = code;
    this.detail = detail;
  }
}

/** The code of anything that was thrown: what is not ours is `unexpected`. */
export function codeOf(thrown: unknown): ErrorCode {
  return thrown instanceof Refused ? thrown.code : 'unexpected';
}
