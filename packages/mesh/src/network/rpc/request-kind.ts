import type { PeerId } from "../../ports.ts";

/** One kind of question and its answer: how both look on the wire. Parsers throw NiphasError BadBytes. */
export interface RequestKind<Question, Answer> {
  /** Its number in `RequestKind` of the proto file. */
  readonly id: number;
  readonly maxAnswerBytes: number;
  readonly deadlineMs: number;
  encodeQuestion(question: Question): Uint8Array;
  parseQuestion(bytes: Uint8Array): Question;
  encodeAnswer(answer: Answer): Uint8Array;
  /** Knows the question, so that it can refuse what was not asked for. */
  parseAnswer(bytes: Uint8Array, question: Question): Answer;
}

/** A question that makes sense, ready to be answered. */
export type ParsedRequest = (from: PeerId, signal: AbortSignal) => Promise<Uint8Array>;

/** How one kind is served. Throws NiphasError BadBytes for a question that makes no sense. */
export type RequestHandler = (payload: Uint8Array) => ParsedRequest;

/** By the number of the kind. */
export type RequestHandlers = ReadonlyMap<number, RequestHandler>;

export type Answerer<Question, Answer> = (
  from: PeerId,
  question: Question,
  signal: AbortSignal,
) => Answer | Promise<Answer>;

/** An entry of {@link RequestHandlers}. */
export function handler<Question, Answer>(
  kind: RequestKind<Question, Answer>,
  answer: Answerer<Question, Answer>,
): readonly [number, RequestHandler] {
  const handle: RequestHandler = (payload) => {
    const question = kind.parseQuestion(payload);
    return async (from, signal) => kind.encodeAnswer(await answer(from, question, signal));
  };
  return [kind.id, handle];
}
