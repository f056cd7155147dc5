import type { JsonObject } from '@bufbuild/protobuf';
import { AuthplaneError } from '../platform/errors.ts';
import type { Diagnostic } from '../resources/diagnostic.ts';
import type { Origin } from '../resources/resource.ts';
import { messageNameOf, type TypeUrl } from '../resources/type-url.ts';
import { checkResource } from './check-resource.ts';
import type { CheckedResource } from './checked-file.ts';
import { resourceVisitors } from './checks/resource-checks.ts';
import { FileReport } from './file-report.ts';
import type { Schema } from './schema/registry.ts';

/** Makes resources of what authplane generates, with all checks; what they find is said of the entry that the resource comes from. */
export class Generator {
  readonly #schema: Schema;
  readonly #origin: Origin;
  readonly #reports: FileReport[] = [];

  /** `origin`: of resources that come from no entry in particular. */
  constructor(schema: Schema, origin: Origin) {
    this.#schema = schema;
    this.#origin = origin;
  }

  /** @throws AuthplaneError INTERNAL when the resource cannot be decoded: a defect, not an operator's mistake. */
  make(typeUrl: TypeUrl, json: JsonObject, origin: Origin = this.#origin): CheckedResource {
    const report = new FileReport(origin.file, () => origin);
    this.#reports.push(report);
    const desc = this.#schema.registry.getMessage(messageNameOf(typeUrl));
    const context = { schema: this.#schema, visitors: resourceVisitors, report };
    const made = desc === undefined ? undefined : checkResource(context, desc, json, origin.path);
    if (made === undefined) {
      const why = report
        .diagnostics()
        .map(({ message }) => message)
        .join('; ');
      throw new AuthplaneError('INTERNAL', `a generated resource of type ${typeUrl} is not valid: ${why}`);
    }
    return made;
  }

  diagnostics(): readonly Diagnostic[] {
    return this.#reports.flatMap(report => report.diagnostics());
  }
}
