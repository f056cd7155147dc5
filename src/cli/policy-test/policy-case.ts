import type { JsonObject } from '@bufbuild/protobuf';
import type { DurationSpec } from '../../compiler/auth/auth-spec.ts';
import type { PlainMessage } from '../../compiler/schema/plain-message.ts';

/** The messages of proto/authplane/v1/policy_test.proto as the decoder gives them. */
export interface PolicyTestFile extends PlainMessage {
  readonly node: PolicyTestNode | undefined;
  readonly listener: string;
  readonly cases: readonly PolicyCase[];
}

export interface PolicyTestNode {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: JsonObject | undefined;
}

export interface PolicyCase {
  readonly name: string;
  readonly request: PolicyRequest;
  readonly expect: PolicyExpectation;
  /** 0: allow; 1: deny. */
  readonly external: number;
}

export interface PolicyRequest {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly token: PolicyToken | undefined;
  readonly apiKeyClient: string;
  readonly basicUser: string;
  readonly clientCertificate:
    { readonly spiffe: string; readonly dns: string; readonly untrusted: boolean } | undefined;
}

export interface PolicyToken {
  readonly provider: string;
  readonly claims: JsonObject | undefined;
  readonly expiresIn: DurationSpec | undefined;
  readonly forged: boolean;
}

export interface PolicyExpectation {
  /** 0: allow; 1: deny. */
  readonly decision: number;
  /** 0: any. */
  readonly status: number;
  readonly upstreamHeaders: Readonly<Record<string, string>>;
  readonly absentHeaders: readonly string[];
}
