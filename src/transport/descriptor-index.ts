import { fromBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

interface IndexedFile {
  readonly bytes: Uint8Array;
  readonly imports: readonly string[];
}

/** Finds the encoded `FileDescriptorProto` of a file, symbol or extension, as server reflection asks for them. */
export class DescriptorIndex {
  readonly #files = new Map<string, IndexedFile>();
  readonly #fileOfSymbol = new Map<string, string>();
  readonly #fileOfExtension = new Map<string, Map<number, string>>();

  /**
   * @param image an encoded `FileDescriptorSet`, as `buf build` makes it.
   * @param extraFiles encoded `FileDescriptorProto` that the image does not have.
   * @throws Error when the image is not a `FileDescriptorSet`.
   */
  constructor(image: Uint8Array, extraFiles: readonly Uint8Array[] = []) {
    const decoded = fromBinary(FileDescriptorSetSchema, image).file;
    encodedFiles(image).forEach((bytes, position) => {
      const file = decoded[position];
      if (file !== undefined) this.#add(file, bytes);
    });
    for (const bytes of extraFiles) this.#add(fromBinary(FileDescriptorProtoSchema, bytes), bytes);
  }

  /** The file and all that it imports, itself first; undefined when it is not known. */
  file(name: string): Uint8Array[] | undefined {
    if (!this.#files.has(name)) return undefined;
    const names = new Set([name]);
    for (const next of names)
      for (const imported of this.#files.get(next)?.imports ?? []) names.add(imported);
    return [...names].flatMap(entry => this.#files.get(entry)?.bytes ?? []);
  }

  /** The file that defines a message, enum, service, method, field or extension, by its full name. */
  fileOfSymbol(symbol: string): Uint8Array[] | undefined {
    const name = this.#fileOfSymbol.get(symbol);
    return name === undefined ? undefined : this.file(name);
  }

  fileOfExtension(extendee: string, fieldNumber: number): Uint8Array[] | undefined {
    const name = this.#fileOfExtension.get(extendee)?.get(fieldNumber);
    return name === undefined ? undefined : this.file(name);
  }

  /** The numbers of all extensions of a message; undefined when the message is not known. */
  extensionNumbers(extendee: string): number[] | undefined {
    const known = this.#fileOfExtension.get(extendee);
    if (known !== undefined) return [...known.keys()];
    return this.#fileOfSymbol.has(extendee) ? [] : undefined;
  }

  #add(file: FileDescriptorProto, bytes: Uint8Array): void {
    if (this.#files.has(file.name)) return;
    this.#files.set(file.name, { bytes, imports: file.dependency });
    const symbol = (...names: string[]): void => {
      this.#fileOfSymbol.set([file.package, ...names].filter(part => part !== '').join('.'), file.name);
    };
    const message = (entry: DescriptorProto, ...scope: string[]): void => {
      const path = [...scope, entry.name];
      symbol(...path);
      for (const field of entry.field) symbol(...path, field.name);
      for (const nested of entry.nestedType) message(nested, ...path);
      for (const nested of entry.enumType) symbol(...path, nested.name);
    };
    for (const entry of file.messageType) message(entry);
    for (const entry of file.enumType) symbol(entry.name);
    for (const service of file.service) {
      symbol(service.name);
      for (const rpc of service.method) symbol(service.name, rpc.name);
    }
    for (const extension of file.extension) {
      symbol(extension.name);
      const extendee = extension.extendee.replace(/^\./, '');
      const numbers = this.#fileOfExtension.get(extendee) ?? new Map<number, string>();
      this.#fileOfExtension.set(extendee, numbers.set(extension.number, file.name));
    }
  }
}

/** The bytes of each `file` (1) of a `FileDescriptorSet`: passed on as they are, custom options included. */
function encodedFiles(image: Uint8Array): Uint8Array[] {
  const files: Uint8Array[] = [];
  const reader = new BinaryReader(image);
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    if (fieldNumber === 1 && wireType === WireType.LengthDelimited) files.push(reader.bytes());
    else reader.skip(wireType, fieldNumber);
  }
  return files;
}
